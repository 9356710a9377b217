import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type BlockRequest, insertBlock, removeBlock } from '../../src/install/marked-block.js'
import { LEGACY_DISPATCHER } from '../support/dispatcher.js'
import { type Installed, installHooks, MINIMAL_PATH, runProgram } from '../support/hooks.js'
import { environmentOf, type Ran } from '../support/program.js'
import { FILES_ALONE, FILES_AND_HUB, type JsonObject, SET_UPS, type SetUp, soon, World } from '../support/world.js'

const ORDERS = ['WO-1', 'WO-2', "WO 3's $(id)", 'WO-4', 'WO-5.final']
const DESTINATIONS = ['LPE', 'shell', 'CLC', 'LAC', 'Andy']

interface Dispatched {
  ran: Ran
  /** What the script left behind, our own places apart. */
  log: string
  files: string[]
}

class Dispatcher {
  private constructor(
    readonly world: World,
    readonly tools: string,
    readonly path: string,
  ) {}

  static async make(setUp: SetUp, script: string | Buffer = LEGACY_DISPATCHER, { agent = 'mary', installed = {} }: { agent?: BlockRequest['agent']; installed?: Installed } = {}): Promise<Dispatcher> {
    const world = await World.make(setUp)
    const tools = installHooks(world.root, installed)
    const path = `${tools}/watchers/dispatcher.zsh`
    mkdirSync(`${tools}/watchers`)
    const placed = insertBlock(Buffer.from(script), { agent, hook: `${tools}/memory_sync_dispatch.zsh`, name: path })
    if (!placed.ok) throw new Error(placed.reason)
    writeFileSync(path, placed.text)
    chmodSync(path, 0o755)
    return new Dispatcher(world, tools, path)
  }

  get entry(): string {
    return `${this.world.root}/bridge/inbox/ENTRY`
  }

  order(id: string, destination: string, extension = 'yaml'): void {
    mkdirSync(this.entry, { recursive: true })
    writeFileSync(`${this.entry}/${id}.${extension}`, destination)
  }

  run(path = this.path, root = this.world.root): Promise<Ran> {
    const env = { ...environmentOf(this.world.options), PATH: MINIMAL_PATH, LUKA_SOT: root, HOME: root }
    return runProgram(path, [], { env })
  }

  /** Runs the script as it was before, on a copy of the tree as it is, and then the one with the block. */
  async runBoth(): Promise<{ before: Dispatched; after: Dispatched }> {
    const { root } = this.world
    const copy = `${root}/copy`
    cpSync(`${root}/bridge`, `${copy}/bridge`, { recursive: true })
    const bare = `${copy}/dispatcher.zsh`
    writeFileSync(bare, removeBlock(readFileSync(this.path)) ?? '')
    chmodSync(bare, 0o755)
    const before = this.left(await this.run(bare, copy), copy)
    return { before, after: this.left(await this.run(), root) }
  }

  private left(ran: Ran, root: string): Dispatched {
    const bare = (text: string): string => text.replaceAll(root, '<root>')
    const log = `${root}/logs/mary_dispatcher.log`
    return {
      ran: { ...ran, stdout: bare(ran.stdout), stderr: bare(ran.stderr) },
      log: existsSync(log) ? bare(readFileSync(log, 'utf8')) : '',
      files: readdirSync(`${root}/bridge`, { recursive: true }).map(String).filter((file) => !file.startsWith('memory')).sort(),
    }
  }

  async records(agent = 'mary'): Promise<JsonObject[]> {
    const { code, stdout } = await this.world.run('get', '--agent', agent)
    if (code !== 0) return []
    return ((JSON.parse(stdout) as { context: { records?: JsonObject[] } }).context.records ?? [])
  }

  async routes(): Promise<string[]> {
    const records = await this.records()
    return records.map(({ task, status, result }) => `${String(task)} ${String((result as JsonObject)['destination'])} ${String(status)}`).sort()
  }
}

const ROUTED = ORDERS.map((id, n) => `${id} ${DESTINATIONS[n]} dispatched`).sort()

describe.each(SET_UPS)('with $name', (setUp) => {
  test('five orders that a dispatcher routes are five records, and it does, prints and returns what it did before', async () => {
    const dispatcher = await Dispatcher.make(setUp)
    ORDERS.forEach((id, n) => {
      dispatcher.order(id, DESTINATIONS[n] ?? '', n === 3 ? 'yml' : 'yaml')
    })
    dispatcher.order('WO-bad', 'nowhere')
    const { before, after } = await dispatcher.runBoth()
    expect(after).toEqual(before)
    expect(after.log).toContain('unknown route')
    expect(await dispatcher.routes()).toEqual(ROUTED)
  })
})

/** A script around two orders; BODY is what it does with each. */
const script = (body: string, { shebang = '#!/bin/zsh', options = 'set -euo pipefail', end = '' } = {}): string => `${shebang}
${options}
ROOT="$LUKA_SOT"
mkdir -p "$ROOT/logs" "$ROOT/bridge/inbox/CLC" "$ROOT/bridge/outbox/ENTRY"
log() {
  echo "$*" >> "$ROOT/logs/mary_dispatcher.log"
}
for file in "$ROOT/bridge/inbox/ENTRY"/*.yaml; do
  id="$(basename "$file" .yaml)"
${body}
done
${end}`

const ROUTE = '  cp "$file" "$ROOT/bridge/inbox/CLC/$id.yaml"; mv "$file" "$ROOT/bridge/outbox/ENTRY/"'
const LOG = '  log "$id -> CLC"'
const BOTH = ['A CLC dispatched', 'B CLC dispatched']

/** A script, and the records that it makes of the orders A and B. */
const SCRIPTS: Readonly<Record<string, [string, string[]]>> = {
  'in bash': [script(`${ROUTE}\n${LOG}`, { shebang: '#!/bin/bash' }), BOTH],
  'in bash, with a trap of its own': [script(`${ROUTE}\n${LOG}`, { shebang: '#!/usr/bin/env bash', options: `set -eu; trap 'echo "bye $?"' EXIT`, end: 'exit 3' }), BOTH],
  'in bash, that logs before it moves': [script(`${LOG}\n${ROUTE}`, { shebang: '#!/bin/bash' }), BOTH],
  'that logs before it moves': [script(`${LOG}\n${ROUTE}`), BOTH],
  'that logs before it moves, and ends by exit': [script(`${LOG}\n${ROUTE}`, { end: 'exit 4' }), BOTH],
  'with an exit trap and a zshexit of its own': [
    script(`${ROUTE}\n${LOG}`, { options: `set -eu; trap 'echo "bye $?"' EXIT; zshexit() { echo "exit $?" }`, end: 'exit 5' }),
    BOTH,
  ],
  'whose consumer takes an order at once': [script(`${ROUTE}; rm "$ROOT/bridge/inbox/CLC/$id.yaml"\n${LOG}`), BOTH],
  'that says more after the destination': [script(`${ROUTE}\n  log "$id -> CLC (by rule 3)"`), BOTH],
  'that reads the orders from a pipe': [script(`${ROUTE}\n  log "$id -> CLC" < /dev/null | cat`), BOTH],
  'that leaves an order where it is': [script(`  cp "$file" "$ROOT/bridge/inbox/CLC/$id.yaml"\n${LOG}`), ['A CLC failed', 'B CLC failed']],
  'that ends while an order is moved': [script(`${LOG}\n  [[ $id == B ]] && exit 7\n${ROUTE}`), ['A CLC dispatched', 'B CLC failed']],
  'that is ended by a failure in the middle': [script(`${LOG}\n  [[ $id == B ]] && false\n${ROUTE}`), ['A CLC dispatched']],
  'that says that it failed': [script('  mv "$file" "$ROOT/bridge/outbox/ENTRY/"\n  log "$id -> CLC FAILED: no space"'), ['A CLC failed', 'B CLC failed']],
  'that names no destination that there is': [script(`${ROUTE.replace('CLC', 'ENTRY/..')}\n  log "$id -> quarantine"`), []],
  'whose log fails': [script(ROUTE, { end: 'log() { return 6; }\nlog "A -> CLC"' }), []],
  'with options that change the language': [script(`${ROUTE}\n${LOG}`, { options: 'set -eu; setopt ksh_arrays sh_word_split no_unset err_return warn_create_global' }), BOTH],
}

test.each(Object.entries(SCRIPTS))('a script %s does what it did before, and its orders are recorded as what they are', async (_, [text, routes]) => {
  const dispatcher = await Dispatcher.make(FILES_AND_HUB, text)
  for (const id of ['A', 'B']) dispatcher.order(id, 'CLC')
  const { before, after } = await dispatcher.runBoth()
  expect(after).toEqual(before)
  expect(await dispatcher.routes()).toEqual(routes)
})

const FAILING: readonly [string, Installed, ((tools: string) => void)?][] = [
  ['gone', {}, (tools) => { for (const name of readdirSync(tools)) if (/memory|gc_/.test(name)) rmSync(`${tools}/${name}`) }],
  ['failing', { client: '#!/bin/sh\necho oops\necho oops >&2\nexit 70\n' }],
  ['so slow that it is not waited for', { client: '#!/bin/sh\nexec sleep 600\n' }, (tools) => {
    const library = `${tools}/memory_sync_record.zsh`
    writeFileSync(library, readFileSync(library, 'utf8').replace('limit_seconds=5', 'limit_seconds=2.1'))
  }],
]

test.each(FAILING)('with a memory_sync that is %s, a dispatcher does what it did before', async (what, installed, breakIt) => {
  const dispatcher = await Dispatcher.make(FILES_ALONE, LEGACY_DISPATCHER, { installed })
  breakIt?.(dispatcher.tools)
  ORDERS.forEach((id, n) => {
    dispatcher.order(id, DESTINATIONS[n] ?? '')
  })
  const { before, after } = await dispatcher.runBoth()
  expect(after).toEqual(before)
  if (what === 'gone') return
  await dispatcher.world.startHub()
  await soon(async () => (await dispatcher.records()).length === 5)
  expect(await dispatcher.routes()).toEqual(ROUTED)
})

test('what an R&D consumer logs is recorded with its words', async () => {
  const text = '#!/bin/zsh\nlog() { echo "$*" }\nlog "P-1 -> accepted"\nlog "P-2 -> rejected: score 0.4"\nlog "done"\n'
  const dispatcher = await Dispatcher.make(FILES_AND_HUB, text, { agent: 'rnd' })
  expect(await dispatcher.run()).toEqual({ code: 0, signal: null, stdout: 'P-1 -> accepted\nP-2 -> rejected: score 0.4\ndone\n', stderr: '' })
  expect((await dispatcher.records('rnd')).map(({ proposal, outcome }) => [proposal, outcome])).toEqual([
    ['P-1', 'accepted'],
    ['P-2', 'rejected: score 0.4'],
  ])
})
