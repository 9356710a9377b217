/** What a user does with an installation, from the first command to the last one. */
import { cp, mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { LEGACY_DISPATCHER } from '../support/dispatcher.js'
import { MINIMAL_PATH } from '../support/hooks.js'
import { Home, processesOf } from '../support/installed.js'
import type { Ran } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'

const FIXTURES = fileURLToPath(new URL('../e2e/fixtures/', import.meta.url))
const DISPATCHER = '02luka/tools/watchers/mary_dispatcher.zsh'
const DESTINATIONS: Readonly<Record<string, string>> = { 'WO-1': 'LPE', 'WO-2': 'shell', 'WO-3': 'CLC', 'WO-4': 'LAC', 'WO-5': 'Andy' }

/** Data, which a rollback leaves, and the folders that are there because of it. */
const DATA = ['shared_memory', 'memory_hub.out.log', 'memory_hub.err.log', 'memory_hooks.log', 'redis', 'ledger', '*_broadcast.json']
const PLACES = ['02luka/logs', '.local/share/memory_sync']

/** Of texts that were there before. */
const COMPILED = {
  '02luka/agents/memory_hub/__pycache__/memory_hub.cpython-39.pyc': 'compiled from another text',
  '02luka/agents/memory_hub/__pycache__/other.cpython-39.pyc': '',
}

/** As launchd and cron call it. */
const bare = (home: Home): NodeJS.ProcessEnv => ({ PATH: MINIMAL_PATH, HOME: home.path, TZ: undefined })

/** And a copy of all of it, with the folders that an installation leaves because there is data in them. */
async function formerTree(place: string, files: Readonly<Record<string, string>> = {}): Promise<{ home: Home; twin: string }> {
  const home = await Home.make({ redis: 'any' })
  await home.write(DISPATCHER, LEGACY_DISPATCHER, 0o755)
  await home.write('02luka/tools/memory_sync.sh', '#!/bin/sh\necho the old one\n', 0o755)
  await home.write('02luka/agents/memory_hub/memory_hub.py', 'print("the old one")\n')
  for (const [id, destination] of Object.entries(DESTINATIONS)) await home.write(`02luka/bridge/inbox/ENTRY/${id}.yaml`, destination)
  for (const [path, text] of Object.entries(files)) await home.write(path, text)
  const twin = `${await makeTempFolder('ms-tw-')}/twin`
  await cp(home.path, twin, { recursive: true })
  for (const path of [...PLACES, place]) await mkdir(`${twin}/${path}`, { recursive: true })
  return { home, twin }
}

const diff = (home: Home, other: string): Promise<Ran> =>
  home.spawn('diff', ['-r', '--no-dereference', ...DATA.map((name) => `--exclude=${name}`), other, home.path])

test("a user's shell script and five orders of a dispatcher over an installation; after the rollback the tree is as it was", async () => {
  const { home, twin } = await formerTree('02luka/bridge/memory/outbox', COMPILED)
  await home.ok('install', '--redis', 'managed', '--service', 'supervisor')
  const accepted = await home.spawn('sh', ['-c', 'cd "$1" && sh "$2"', 'sh', home.root, `${FIXTURES}acceptance.sh`])
  expect(accepted).toEqual({ code: 0, signal: null, stdout: 'fine\n', stderr: '' })

  const dispatched = await home.spawn(`${home.path}/${DISPATCHER}`, [], bare(home))
  expect(await home.spawn(`${twin}/${DISPATCHER}`, [], { ...bare(home), HOME: twin })).toEqual(dispatched)
  const { context } = JSON.parse(await home.ok('get', '--agent', 'mary')) as { context: { records: { task: string; result: { destination: string } }[] } }
  const routes = context.records.filter(({ task }) => task in DESTINATIONS).map(({ task, result }) => [task, result.destination])
  expect(Object.fromEntries(routes)).toEqual(DESTINATIONS)
  expect(await home.ok('health')).toContain('✅ All checks passed')

  await home.ok('rollback')
  expect(await diff(home, twin)).toMatchObject({ code: 0, stdout: '' })
  expect(processesOf(home)).toEqual([])
})

test("a user's program in Python over an installation; after the rollback nothing is left that Python made of our module", async () => {
  const { home, twin } = await formerTree('02luka/g/memory')
  await home.ok('install', '--redis', 'managed', '--service', 'supervisor')
  const accepted = await home.spawn('sh', ['-c', 'cd "$1" && python3 "$2"', 'sh', home.root, `${FIXTURES}acceptance.py`], { CAN_PUBLISH: 'yes' })
  expect(accepted).toEqual({ code: 0, signal: null, stdout: 'fine\n', stderr: '' })
  await home.ok('rollback')
  expect(await diff(home, twin)).toMatchObject({ code: 0, stdout: '' })
})
