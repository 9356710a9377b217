import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import { HOOKS, type Installed, installHooks, MINIMAL_PATH, runProgram } from '../support/hooks.js'
import { environmentOf, type Ran, runCli } from '../support/program.js'
import { FILES_ALONE, FILES_AND_HUB, type JsonObject, REDIS_AND_HUB, SET_UPS, type SetUp, soon, World } from '../support/world.js'

class Tree {
  private constructor(
    readonly world: World,
    readonly tools: string,
  ) {}

  static async make(setUp: SetUp, installed: Installed = {}): Promise<Tree> {
    const world = await World.make(setUp)
    return new Tree(world, installHooks(world.root, installed))
  }

  get env(): NodeJS.ProcessEnv {
    return { ...environmentOf(this.world.options), PATH: MINIMAL_PATH }
  }

  get spool(): string {
    return `${this.world.root}/shared_memory/.memory_sync/spool`
  }

  hook(name: 'mary' | 'rnd', ...args: string[]): Promise<Ran> {
    return runProgram(`${this.tools}/${name}_memory_hook.zsh`, args, { env: this.env })
  }

  /** Names in the spool, those of attempts that go on included. */
  spooled(): string[] {
    return existsSync(this.spool) ? readdirSync(this.spool).filter((name) => name.endsWith('.record')) : []
  }

  log(): string {
    const file = `${this.world.root}/logs/memory_hooks.log`
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  async context(agent: string): Promise<JsonObject & { records: JsonObject[]; totals: JsonObject }> {
    const text = await this.world.ok('get', '--agent', agent)
    return (JSON.parse(text) as { context: JsonObject & { records: JsonObject[]; totals: JsonObject } }).context
  }
}

const SILENT = { code: 0, signal: null, stdout: '', stderr: '' }
const BAD_CLIENT = '#!/bin/sh\necho "there is no engine" >&2\nexit 70\n'

/** A file of the spool as a hook writes it. */
const spoolFile = (key: string, at: number, fields: [agent: string, id: string, outcome: string, result: string]): string => {
  const [agent, id, outcome, result] = fields
  return `${['memory_sync record 1', key, agent, id, outcome, String(at), result, 'end'].join('\0')}\0`
}

describe.each(SET_UPS)('with $name', (setUp) => {
  test('the hooks record in the keys of old, silently', async () => {
    const tree = await Tree.make(setUp)
    expect(await tree.hook('mary', 'WO-1', 'completed', `{"note":"it's $(touch ${tree.tools}/ran)","n":1.10}`)).toEqual(SILENT)
    expect(await tree.hook('rnd', 'P-7', 'rejected', '{"score":0.4}')).toEqual(SILENT)
    expect(await tree.context('mary')).toMatchObject({
      last_task: 'WO-1',
      task_status: 'completed',
      result: { note: `it's $(touch ${tree.tools}/ran)`, n: 1.1 },
      totals: { count: 1 },
    })
    expect(await tree.context('rnd')).toMatchObject({ last_proposal: 'P-7', outcome: 'rejected', result: { score: 0.4 } })
    expect([existsSync(`${tree.tools}/ran`), tree.spooled(), tree.log()]).toEqual([false, [], ''])
  })
})

test('what callers leave out has the defaults of old', async () => {
  const tree = await Tree.make(FILES_AND_HUB)
  await tree.hook('mary')
  await tree.hook('rnd', '', '', '')
  expect(await tree.context('mary')).toMatchObject({ last_task: 'unknown', task_status: 'completed', result: {} })
  expect(await tree.context('rnd')).toMatchObject({ last_proposal: 'unknown', outcome: 'processed', result: {} })
})

const DEEP = `${'['.repeat(2100)}${']'.repeat(2100)}`

const RESULTS: readonly [string, string, unknown][] = [
  ['an empty object', '{}', {}],
  ['nested objects', '{"a":{"b":{}}}', { a: { b: {} } }],
  ['a list', '[1,{"a":"}"}]', [1, { a: '}' }]],
  ['newlines and quotes in a string', '{"a":"x\\ny \\"z\\" `id` $HOME"}', { a: 'x\ny "z" `id` $HOME' }],
  ['newlines between members', '{\n  "a": 1\n}\n', { a: 1 }],
  ['unicode', '{"a":"สวัสดี 🙂"}', { a: 'สวัสดี 🙂' }],
  ['a number', '20', 20],
  ['text that is no JSON', 'done; 3 files', 'done; 3 files'],
  ['JSON with a brace too many', '{"a":1}}', '{"a":1}}'],
  ['a lone dash', '-', '-'],
  ['the name of a file', '@/etc/hostname', '@/etc/hostname'],
  ['an option', '--help', '--help'],
  ['lines of text', "it's\n\"two\"\tlines\\", "it's\n\"two\"\tlines\\"],
  ['100 KB', JSON.stringify('x'.repeat(100_000)), 'x'.repeat(100_000)],
  ['brackets deeper than can be kept', DEEP, DEEP],
]

test('every kind of result arrives as it was given', async () => {
  const tree = await Tree.make(FILES_AND_HUB)
  const small = RESULTS.filter(([, text]) => text.length < 4000)
  for (const [what, text, expected] of RESULTS.filter((result) => !small.includes(result))) {
    expect(await tree.hook('mary', what, 'completed', text)).toEqual(SILENT)
    expect((await tree.context('mary'))['result'], what).toEqual(expected)
  }
  const ran = await Promise.all(small.map(([what, text]) => tree.hook('rnd', `-${what}'`, '--json', text)))
  expect(ran).toEqual(small.map(() => SILENT))
  const { records } = await tree.context('rnd')
  const recorded = new Map(records.map(({ proposal, outcome, result }) => [proposal, { outcome, result }]))
  for (const [what, , result] of small) expect(recorded.get(`-${what}'`), what).toEqual({ outcome: '--json', result })
  expect(tree.spooled()).toEqual([])
})

test('through a link, from a folder that is gone, without a home and a root in the environment', async () => {
  const tree = await Tree.make(FILES_ALONE)
  const { MEMORY_SYNC_ROOT: root = '', MEMORY_SYNC_REDIS } = tree.env
  const env = { PATH: MINIMAL_PATH, LUKA_SOT: root, MEMORY_SYNC_REDIS }
  mkdirSync(`${root}/gone`)
  const line = `ln -s mary_memory_hook.zsh ${root}/tools/mary.zsh; cd ${root}/gone; rmdir ${root}/gone; ${root}/tools/mary.zsh WO-1`
  expect(await runProgram('/bin/sh', ['-c', line], { env })).toEqual(SILENT)
  expect(await tree.context('mary')).toMatchObject({ last_task: 'WO-1' })
})

describe('what cannot be delivered', () => {
  const UNDELIVERED: readonly [string, Installed, RegExp][] = [
    ['there is no memory_sync', { client: '', program: '/nowhere/run.js' }, /there is no memory_sync/],
    ['memory_sync fails', { client: BAD_CLIENT }, /ended with 70: .*there is no engine/],
    ['memory_sync hangs', { client: '#!/bin/sh\nexec sleep 600\n' }, /took longer than/],
  ]

  test.each(UNDELIVERED)('because %s is kept and logged; the next hub takes it in, once', async (what, installed, reason) => {
    const tree = await Tree.make(FILES_ALONE, installed)
    if (installed.client === '') rmSync(`${tree.tools}/memory_sync.sh`)
    const library = `${tree.tools}/memory_sync_record.zsh`
    if (what.endsWith('hangs')) writeFileSync(library, readFileSync(library, 'utf8').replace('limit_seconds=5', 'limit_seconds=0.3'))
    expect(await tree.hook('mary', "WO-1'\n", 'completed', '{"a":"$(id)"}')).toEqual(SILENT)
    expect(await tree.hook('rnd', 'P-1', 'rejected', 'no JSON')).toEqual(SILENT)
    expect(tree.spooled()).toHaveLength(2)
    expect(tree.log().trimEnd().split('\n')).toEqual([expect.stringMatching(reason), expect.stringMatching(reason)])
    await tree.world.startHub()
    await soon(() => tree.spooled().length === 0)
    expect(await tree.context('mary')).toMatchObject({ last_task: "WO-1'\n", result: { a: '$(id)' }, totals: { count: 1 } })
    expect(await tree.context('rnd')).toMatchObject({ last_proposal: 'P-1', result: 'no JSON', totals: { count: 1 } })
  })

  test('is taken in within a second by a hub that runs', async () => {
    const tree = await Tree.make(REDIS_AND_HUB, { client: BAD_CLIENT })
    await tree.hook('mary', 'WO-1')
    await soon(() => tree.spooled().length === 0)
    expect(await tree.context('mary')).toMatchObject({ last_task: 'WO-1' })
  })

  test('by a hook that was killed is taken in when its time is over, and once even if it had arrived', async () => {
    const flag = 'arrived'
    const tree = await Tree.make(FILES_AND_HUB, {
      client: `#!/bin/sh\n"$MS_NODE" "$MS_BIN" "$@"\n: >"$MEMORY_SYNC_ROOT/${flag}"\nexec sleep 600\n`,
    })
    const env = { ...tree.env, MS_NODE: process.execPath, MS_BIN: `${HOOKS}/../bin/run.js` }
    const hook = spawn(`${tree.tools}/mary_memory_hook.zsh`, ['WO-1'], { env, detached: true })
    await soon(() => existsSync(`${tree.world.root}/${flag}`))
    process.kill(-(hook.pid ?? 0), 'SIGKILL') // the hook, and the memory_sync that it waits for
    await once(hook, 'close')
    const [left = ''] = tree.spooled()
    expect(left).toMatch(/^\./)
    const old = Date.now() / 1000 - 61
    utimesSync(`${tree.spool}/${left}`, old, old)
    await soon(() => tree.spooled().length === 0)
    expect((await tree.context('mary')).totals).toMatchObject({ count: 1 })
  })

  test('is in the list in its order, and does not hide a newer result', async () => {
    const tree = await Tree.make(FILES_AND_HUB)
    const at = Date.now() / 1000 - 3600
    await tree.hook('mary', 'NEW', 'completed', '{"new":true}')
    writeFileSync(`${tree.spool}/.${at}-1.record`, spoolFile('k1', at, ['mary', 'OLD', 'failed', '{"old":true}']))
    renameSync(`${tree.spool}/.${at}-1.record`, `${tree.spool}/${at}-1.record`)
    await soon(() => tree.spooled().length === 0)
    const { records, ...context } = await tree.context('mary')
    expect(context).toMatchObject({ last_task: 'NEW', task_status: 'completed', result: { new: true }, totals: { count: 2 } })
    expect(records.map(({ task }) => task)).toEqual(['OLD', 'NEW'])
  })

  test('and lies behind what cannot be read is taken all the same, and that is told', async () => {
    const tree = await Tree.make(FILES_AND_HUB)
    const at = Math.floor(Date.now() / 1000)
    mkdirSync(`${tree.spool}/1-folder.record`, { recursive: true })
    writeFileSync(`${tree.spool}/${at}-2.record`, spoolFile('k2', at, ['mary', 'NEXT', 'completed', '{}']))
    await soon(() => tree.spooled().join() === '1-folder.record')
    await soon(() => /1-folder\.record in the spool is a folder: it is not taken/.test(tree.world.hub?.stdout() ?? ''))
  })

  test('because the spool cannot be written either is in the log, and a delivery does not need the spool', async () => {
    const tree = await Tree.make(FILES_ALONE, { client: BAD_CLIENT })
    mkdirSync(`${tree.world.root}/shared_memory/.memory_sync`, { recursive: true })
    writeFileSync(tree.spool, '')
    expect(await tree.hook('mary', 'WO-1', 'completed', 'the result')).toEqual(SILENT)
    expect(tree.log()).toMatch(/WO-1.*the result.*not recorded/)
    installHooks(tree.world.root)
    expect(await tree.hook('mary', 'WO-2')).toEqual(SILENT)
    expect(await tree.context('mary')).toMatchObject({ last_task: 'WO-2' })
  })

  test('and can never be recorded is kept apart, with the reason in the log of the hub', async () => {
    const tree = await Tree.make(FILES_AND_HUB)
    await soon(() => existsSync(tree.spool))
    const whole = spoolFile('k', 1, ['mary', 'WO', 'done', '{}'])
    const broken = { '1-cut.record': whole.slice(0, -3), '2-else.record': 'hello', '3-name.record': whole.replace('mary', '../x') }
    for (const [name, text] of Object.entries(broken)) writeFileSync(`${tree.spool}/${name}`, text)
    await soon(() => tree.spooled().length === 0)
    const kept = Object.keys(broken).flatMap((name) => [name, `${name}.reason`])
    await soon(() => readdirSync(`${tree.spool}/rejected`).length === kept.length)
    expect(readdirSync(`${tree.spool}/rejected`).sort()).toEqual(kept)
    await soon(() => /3-name\.record of the spool cannot be recorded.*no name for an agent/.test(tree.world.hub?.stdout() ?? ''))
  })
})

test('a hook whose other half is gone says so in the log, and nothing to its caller', async () => {
  const tree = await Tree.make(FILES_ALONE)
  rmSync(`${tree.tools}/memory_sync_record.zsh`)
  mkdirSync(`${tree.world.root}/logs`)
  expect(await tree.hook('mary', 'WO-1', 'completed', '{}')).toEqual(SILENT)
  expect(tree.log()).toMatch(/^mary .*WO-1.*completed.*: not recorded/)
})

test.each([
  ['the hooks', 'zsh', ['-fc', 'source "$0/memory_sync_record.zsh"; print -rn -- "$memory_sync_at $HOME"']],
  ['Python', 'python3', ['-Bc', 'import sys; sys.path.insert(0, sys.argv[1]); import memory_hub; print(memory_hub._root(), memory_hub._home(), end="")']],
])('an empty HOME is none for %s: the root is in the home of the user, and not in that of the file system', async (_, program, args) => {
  const ran = await runProgram(program, [...args, HOOKS], { env: { PATH: MINIMAL_PATH, HOME: '' } })
  expect(ran).toEqual({ ...SILENT, stdout: `${userInfo().homedir}/02luka ${userInfo().homedir}` })
})

test.each([
  ['the hooks', 'zsh', ['-fc', 'source "$0/memory_sync_record.zsh"; print -rn -- $memory_sync_at/shared_memory/context.json']],
  ['Python', 'python3', ['-Bc', 'import sys; sys.path.insert(0, sys.argv[1]); import memory_hub; print(memory_hub.UnifiedMemoryHub().memory_file, end="")']],
])('a root with ".." behind a link is for %s where it is for memory_sync', async (_, program, args) => {
  const world = await World.make(FILES_ALONE)
  mkdirSync(`${world.root}/deep/inner`, { recursive: true })
  symlinkSync('deep/inner', `${world.root}/link`)
  const root = `${world.root}/link/../root`
  expect(await runCli(['update', 'mary', 'active'], { root })).toMatchObject({ code: 0 })
  const { stdout } = await runProgram(program, [...args, HOOKS], { env: environmentOf({ root }) })
  expect(stdout).toBe(`${root}/shared_memory/context.json`)
  expect(existsSync(stdout)).toBe(true)
})
