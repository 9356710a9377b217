import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { DISPATCHER } from '../support/installed-cases.js'
import { BIN, Home, processesOf } from '../support/installed.js'
import { type Ran } from '../support/program.js'
import { startRedis } from '../support/redis.js'
import { onTerminal } from '../support/terminal.js'
import { makeTempFolder } from '../support/temp.js'

const LONG = process.env['MEMORY_SYNC_TEST_LONG'] === '1'
const soon = { timeoutMs: 30_000, intervalMs: 50 }
/** Seconds: a time whose microseconds as a double, as stat(2) gives them, are a little less than they are. */
const OLD = 1_762_935_985.168_000_5

/** A tree as the system before this one leaves it; its dispatcher ends without a newline. */
async function legacyTree(home: Home): Promise<void> {
  const context = { version: '1.0', last_update: '2025-11-12T08:26:25+07:00', agents: { gc: { status: 'active' } } }
  await home.write('02luka/shared_memory/context.json', `${JSON.stringify(context, null, 2)}\n`)
  await home.write('02luka/tools/watchers/mary_dispatcher.zsh', DISPATCHER, 0o755)
  await home.write('02luka/tools/memory_sync.sh', '#!/bin/sh\necho the old one\n')
  await home.write('02luka/agents/memory_hub/memory_hub.py', 'print("the old one")\n')
  await home.write('02luka/tools/rnd.zsh', '#!/bin/zsh\necho somebody has this name\n', 0o755)
  await home.write('02luka/logs/mary_dispatcher.log', '')
  await home.write('02luka/bridge/memory/inbox/.keep', '')
  await symlink('mary_memory_hook.zsh', `${home.root}/tools/mary.zsh`)
  await chmod(`${home.root}/tools/memory_sync.sh`, 0o2750)
  for (const file of ['tools/memory_sync.sh', 'tools/watchers/mary_dispatcher.zsh']) await utimes(`${home.root}/${file}`, OLD, OLD)
}

/** Everything but the data, which stays: what it is, its mode, its content or target, and when a file was changed. */
async function looks(home: Home): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const DATA = /^\/02luka\/(shared_memory\/|logs\/memory_hub|bridge)|^\/\.local\/share\/memory_sync\/redis/
  const walk = async (folder: string): Promise<void> => {
    for (const name of await readdir(`${home.path}${folder}`)) {
      const path = `${folder}/${name}`
      const stat = await lstat(home.path + path)
      if (DATA.test(path)) continue
      const mode = (stat.mode & 0o7777).toString(8)
      if (stat.isDirectory()) await walk(path)
      if (stat.isSymbolicLink()) found[path] = `link to ${await readlink(home.path + path)}`
      else if (stat.isDirectory()) found[path] = `folder ${mode}`
      else found[path] = `file ${mode} ${hash(await readFile(home.path + path))} ${Math.round(stat.mtimeMs * 1_000)}`
    }
  }
  await walk('')
  return found
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 12)

interface Reply {
  ok: boolean
  stages: { name: string; changed: string[]; notes: string[] }[]
  warnings: string[]
}
const install = async (home: Home, ...args: string[]): Promise<Reply> =>
  JSON.parse(await home.ok('install', '--json', '--service', 'supervisor', ...args)) as Reply
const changedBy = ({ stages }: Reply): string[] => stages.flatMap(({ changed }) => changed)

describe('install over a tree of the former system', () => {
  test('works, is repeated without a change, repairs what was spoilt, and is taken back to the byte', async () => {
    const home = await Home.make({ redis: 'any' })
    await legacyTree(home)
    const before = await looks(home)
    const plan = await home.ok('install', '--redis', 'off', '--dry-run')
    expect(plan).toContain('+# >>> memory_sync >>>')
    expect(await looks(home), 'a dry run changes nothing').toEqual(before)

    await install(home, '--redis', 'off')
    expect(await home.ok('health')).toContain('✅ All checks passed')
    const installed = await looks(home)
    const withoutRecord = (all: Record<string, string>): object => ({ ...all, '/.config/memory_sync/install.json': '' })
    expect(changedBy(await install(home))).toEqual([])
    expect(withoutRecord(await looks(home))).toEqual(withoutRecord(installed))

    await home.write('02luka/tools/mary_memory_hook.zsh', 'another program', 0o755)
    await rm(`${home.path}/.local/share/memory_sync/current`)
    const repaired = await install(home)
    expect(changedBy(repaired)).toHaveLength(2)
    expect(repaired.warnings).toEqual([expect.stringContaining('mary_memory_hook.zsh had been changed since it was installed')])
    expect(Object.keys(await looks(home)).filter((path) => !path.includes('/kept'))).toEqual(Object.keys(installed))

    await rm(`${home.path}/.config/memory_sync/kept`, { recursive: true })
    await home.ok('rollback')
    expect(await looks(home)).toEqual(before)
    expect(JSON.parse(await home.read('02luka/shared_memory/context.json'))).toMatchObject({ agents: { gc: { status: 'active' } } })
    expect(processesOf(home)).toEqual([])
    expect((await home.run('rollback')).code, 'there is nothing any more').toBe(1)
  })

  test('takes only our part out of what somebody has changed since', async () => {
    const home = await Home.make({ redis: 'any' })
    await legacyTree(home)
    await home.write('.config/memory_sync/config.json', '{\n  // mine\n  "redis": {"namespace": "other"}\n}\n'.replace('  // mine\n', ''))
    const before = await looks(home)
    await install(home, '--redis', 'off')
    const dispatcher = '02luka/tools/watchers/mary_dispatcher.zsh'
    await home.write(dispatcher, `${await home.read(dispatcher)}\n# a line of its owner\n`)
    await home.write('02luka/tools/memory_sync_dispatch.zsh', 'somebody else has this now')
    const settings = '.config/memory_sync/config.json'
    await home.write(settings, (await home.read(settings)).replace('"other"', '"third"'))
    const { code, stdout } = await home.run('rollback', '--json')
    expect(code).toBe(1)
    expect((JSON.parse(stdout) as { left: string[] }).left).toEqual([expect.stringContaining('memory_sync_dispatch.zsh')])
    expect(await home.read(dispatcher)).toBe(`${DISPATCHER}\n# a line of its owner\n`)
    expect(JSON.parse(await home.read(settings))).toEqual({ redis: { namespace: 'third' } })
    const after = await looks(home)
    const same = (all: Record<string, string>): object =>
      Object.fromEntries(Object.entries(all).filter(([path]) => !/mary_dispatcher.zsh|config.json|memory_sync_dispatch|\/kept$/.test(path)))
    expect(same(after)).toEqual(same(before))
    const kept = await readdir(`${home.path}/.config/memory_sync/kept`)
    expect(kept.map((name) => name.replace(/\.[0-9a-f]{12}$/, '')).sort()).toEqual(['config.json', 'mary_dispatcher.zsh'])
  })

  test('what cannot be given back is given back by the next rollback: until then nothing of it is deleted', async () => {
    const home = await Home.make({ redis: 'any' })
    await legacyTree(home)
    const before = await looks(home)
    await install(home, '--redis', 'off')
    const ours = `${home.path}/.config/memory_sync`
    await rename(`${ours}/backups`, `${home.path}/elsewhere`) // as a disk that cannot be read
    const failed = await home.run('rollback', '--json')
    expect(failed.code).toBe(1)
    const { left, notes } = JSON.parse(failed.stdout) as { left: string[]; notes: string[] }
    // Taking a block out needs no backup.
    expect(left).toEqual(['memory_hub.py', 'memory_sync.sh'].map((name) => expect.stringMatching(`${name}: it cannot be undone: ENOENT`)))
    expect(notes).toEqual([expect.stringContaining(`what was there before stay in ${ours}; mend what failed, then: node '`)])
    await rename(`${home.path}/elsewhere`, `${ours}/backups`)
    expect(await home.spawn('sh', ['-c', /node '.*' rollback/.exec(notes[0]!)![0]])).toMatchObject({ code: 0 })
    expect(await looks(home)).toEqual(before)
  })

  test('a step that fails takes back what it began, and the next run goes on', async () => {
    const home = await Home.make({ redis: 'any' })
    await legacyTree(home)
    await mkdir(`${home.root}/tools/rnd_memory_hook.zsh`)
    const { code, stderr } = await home.run('install', '--redis', 'off', '--service', 'supervisor')
    expect(code).toBe(1)
    expect(stderr).toContain('rnd_memory_hook.zsh is in the way')
    expect(home.has('02luka/tools/mary_memory_hook.zsh'), 'the same step had made it').toBe(false)
    await rm(`${home.root}/tools/rnd_memory_hook.zsh`, { recursive: true })
    expect((await install(home)).ok).toBe(true)
  })
})

test('on a terminal it shows the plan and asks; with --json, and where there is none, it goes on', async () => {
  const home = await Home.make({ redis: 'any' })
  const before = await looks(home)
  const asked = (answer: string, ...args: string[]): Promise<Ran> =>
    onTerminal(home, 'Install? [y/N]', answer, [process.execPath, BIN, 'install', '--redis', 'off', '--service', 'supervisor', ...args])
  const declined = await asked('n')
  expect(declined.stdout).toContain(`+ ${home.root}/tools/mary_memory_hook.zsh`)
  expect(declined).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was done') })
  expect(await looks(home)).toEqual(before)
  const interrupted = await asked('\x03')
  expect(interrupted.code).toBe(130)
  expect(interrupted.stdout).not.toContain('nothing was done')
  expect(await looks(home)).toEqual(before)

  expect(await asked('y')).toMatchObject({ code: 0, stdout: expect.stringContaining('✅ memory_sync is installed') })
  const program = await asked('n', '--json')
  expect(JSON.parse(program.stdout)).toMatchObject({ ok: true })
  await home.ok('rollback')
  expect(await home.ok('install', '--redis', 'off', '--service', 'supervisor')).toContain('✅ memory_sync is installed')
})

test('a script that was named and is not there, or has no place for the block, is refused before anything is done', async () => {
  const home = await Home.make({ redis: 'any' })
  await home.write('scripts/rnd.zsh', 'nothing that is known here\n')
  const before = await looks(home)
  for (const named of [['--mary-script', `${home.root}/none.zsh`], ['--rnd-script', `${home.path}/scripts/rnd.zsh`]]) {
    const refused = await home.run('install', '--redis', 'off', '--service', 'supervisor', ...named)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('.zsh') })
    expect(await looks(home)).toEqual(before)
  }
})

describe('an installation whose record was moved away', () => {
  const PROGRAM = '.local/share/memory_sync'
  const RECORD = '.config/memory_sync/install.json'

  test('is taken over by the next one, and then taken back: nothing runs, and what somebody had put between is kept', async () => {
    const home = await Home.make({ redis: 'any' })
    await install(home, '--redis', 'off')
    await rm(`${home.path}/${RECORD}`)
    const version = await readlink(`${home.path}/${PROGRAM}/current`)
    await home.write(`${PROGRAM}/${version}/dist/mine.txt`, 'my notes')
    const { warnings } = await install(home)
    const kept = /kept as (.*)$/.exec(warnings.join())?.[1] ?? 'nothing is kept'
    expect(await readFile(`${kept}/dist/mine.txt`, 'utf8')).toBe('my notes')
    expect(await home.ok('health')).toContain('✅ All checks passed')
    await home.ok('rollback', '--yes')
    expect(processesOf(home)).toEqual([])
    for (const folder of [PROGRAM, '.config/memory_sync/service']) expect(await readdir(`${home.path}/${folder}`), folder).toEqual([])
    expect(home.has(RECORD)).toBe(false)
  })

  test('is taken over by the installed program as well', async () => {
    const home = await Home.make({ redis: 'any' })
    await install(home, '--redis', 'off')
    await rm(`${home.path}/${RECORD}`)
    expect(await home.spawn(`${home.path}/.local/bin/memory_sync`, ['install', '--yes', '--service', 'supervisor'])).toMatchObject({ code: 0 })
    await home.ok('rollback', '--yes')
    expect(processesOf(home)).toEqual([])
    expect(home.has(`${PROGRAM}/current`)).toBe(false)
  })
})

test('a file of somebody in the folder of the program outlives a repair, and a rollback', async () => {
  const home = await Home.make({ redis: 'any' })
  await install(home, '--redis', 'off')
  const notes = '.local/share/memory_sync/current/notes'
  for (const text of ['before the repair', 'before the rollback']) {
    await home.write(notes, text)
    const said = text === 'before the repair' ? (await install(home)).warnings.join() : await home.ok('rollback', '--yes')
    expect(said).toContain('kept as')
  }
  const kept = `${home.path}/.config/memory_sync/kept`
  const texts = await Promise.all((await readdir(kept)).map((name) => readFile(`${kept}/${name}/notes`, 'utf8')))
  expect(texts.sort()).toEqual(['before the repair', 'before the rollback'])
})

describe('an installer that is killed', () => {
  /** Ends it by SIGKILL at one of the changes of the record, which is written before each change of anything else: when it is on the disk, or before that. */
  async function killAt(home: Home, write: number, when: 'after' | 'before' = 'after'): Promise<void> {
    const watch = `import fs from 'node:fs'; const rename = fs.renameSync; let n = 0
fs.renameSync = (...a) => {
  const isMeant = String(a[1]).endsWith('/install.json') && ++n === ${write}
  if (isMeant && '${when}' === 'before') process.kill(process.pid, 'SIGKILL')
  rename(...a)
  if (isMeant) process.kill(process.pid, 'SIGKILL')
}
import { syncBuiltinESMExports } from 'node:module'; syncBuiltinESMExports()`
    const env = { ...home.environment, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watch)}` }
    const child = spawn(process.execPath, [BIN, 'install', '--redis', 'off', '--service', 'supervisor'], { env, stdio: 'ignore' })
    await once(child, 'exit')
  }

  test.each(LONG ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20] : [3, 8, 15])('at its %s. note can be taken back to the byte, or gone on with', async (write) => {
    const home = await Home.make({ redis: 'any' })
    await legacyTree(home)
    const before = await looks(home)
    await killAt(home, write)
    if (home.has('.config/memory_sync/install.json')) await home.ok('rollback')
    expect(await looks(home)).toEqual(before)
    await killAt(home, write)
    expect((await install(home, '--redis', 'off')).ok).toBe(true)
    await home.ok('rollback')
    expect(await looks(home)).toEqual(before)
    expect(processesOf(home)).toEqual([])
  })

  test.each(['rolled back', 'gone on with'])('in its round trip leaves no agent of it in the context when it is %s', async (then) => {
    const home = await Home.make({ redis: 'any' })
    const child = spawn(process.execPath, [BIN, 'install', '--redis', 'off', '--service', 'supervisor'], { env: home.environment, stdio: 'ignore' })
    const CONTEXT = '02luka/shared_memory/context.json'
    const ended = once(child, 'exit')
    await eventually(async () => home.has(CONTEXT) && (await home.read(CONTEXT)).includes('memory_sync.install'), { timeoutMs: 30_000, intervalMs: 2 })
    child.kill('SIGKILL')
    await ended
    expect((await home.read('.config/memory_sync/install.json')).includes('testAgent')).toBe(true)
    if (then === 'rolled back') await home.ok('rollback')
    else await install(home)
    expect(await home.read(CONTEXT)).not.toContain('memory_sync.install')
    if (then === 'gone on with') expect(await home.read('.config/memory_sync/install.json')).not.toContain('testAgent')
  })

  test('while it notes something can be taken back to the byte', async () => {
    const home = await Home.make({ redis: 'any' })
    await legacyTree(home)
    const before = await looks(home)
    await killAt(home, 8, 'before')
    expect(home.has('.config/memory_sync/.install.json.memory_sync-new')).toBe(true)
    await home.ok('rollback')
    expect(await looks(home)).toEqual(before)
  })
})

test('a Redis with a password is found, and the password stands nowhere but in the settings', async () => {
  const password = `pw-${'0123456789abcdef'.repeat(2)}`
  const redis = await startRedis({ password })
  const home = await Home.make({ redis: 'any' })
  home.use({ REDIS_URL: redis.url, REDIS_PASSWORD: password })
  const reply = await install(home)
  home.use({ REDIS_URL: undefined, REDIS_PASSWORD: undefined })
  expect(JSON.stringify(reply)).not.toContain(password)
  expect(JSON.parse(await home.ok('status', '--json'))).toMatchObject({ redis: 'online' })

  await passwordStandsOnlyIn(home, password, ['.config/memory_sync/config.json'])
  await home.ok('rollback')
  expect(home.has('.config')).toBe(false)
})

test('a Redis that was named and does not answer is not replaced by another', async () => {
  const home = await Home.make({ redis: 'any' })
  home.use({ REDIS_URL: `unix://${home.path.replaceAll(' ', '%20')}/none.sock` })
  const { code, stderr } = await home.run('install')
  expect(code).toBe(69)
  expect(stderr).toContain('the Redis of REDIS_URL does not answer')
  expect(home.has('.config')).toBe(false)
})

describe('a private Redis', () => {
  test('lives as long as the hub, comes back when it is killed, and is found again by the next hub', async () => {
    const home = await Home.make({ redis: 'any' })
    const before = await looks(home)
    await install(home, '--redis', 'managed')
    expect(changedBy(await install(home)), 'the password stays').toEqual([])
    const first = redisPid(home)
    await home.ok('set', 'mary', 'task=T1')

    process.kill(first, 'SIGKILL')
    const second = await eventually(() => Promise.resolve(redisPid(home) !== first && redisPid(home)), soon)
    await eventually(async () => (await status(home)).redis === 'online', soon)
    const written = JSON.parse(await home.ok('set', 'mary', 'task=T2', '--json')) as { durability: string }
    expect(written.durability).toBe('redis')

    const hub = await home.hubPid()
    process.kill(hub!, 'SIGKILL')
    await eventually(async () => ![hub, null].includes(await home.hubPid()), soon)
    await eventually(async () => (await status(home)).redis === 'online', soon)
    expect(redisPid(home)).toBe(second)
    expect(await home.ok('health')).toContain('✅ All checks passed')

    const { redis } = JSON.parse(await home.read('.config/memory_sync/config.json')) as { redis: { password: string } }
    await passwordStandsOnlyIn(home, redis.password, ['.config/memory_sync/config.json', '.local/share/memory_sync/redis/redis.conf'])

    await home.ok('hub', 'stop')
    expect(processesOf(home)).toEqual([])
    await home.ok('install-agent')
    await home.ok('rollback')
    expect(processesOf(home)).toEqual([])
    const DATA = /^\/02luka$|^\/02luka\/(shared_memory|logs)$|^\/\.local(\/share(\/memory_sync)?)?$/
    const left = Object.fromEntries(Object.entries(await looks(home)).filter(([path]) => !DATA.test(path)))
    expect(left).toEqual(before)
    expect(home.has('.local/share/memory_sync/redis/appendonlydir'), 'data stays').toBe(true)
  })

  test('is left alone by another hub, which has to refuse; what a killed hub has left of it is ended by the rollback', async () => {
    const home = await Home.make({ redis: 'any' })
    await install(home, '--redis', 'managed')
    const server = redisPid(home)
    expect(await home.run('hub'), 'a second hub').toMatchObject({ code: 1, stderr: expect.stringContaining('runs already') as string })
    expect(redisPid(home)).toBe(server)
    await killService(home)
    expect(redisPid(home)).toBeGreaterThan(0)
    await home.ok('rollback')
    expect(processesOf(home)).toEqual([])
  })

  const CONFIG = '.config/memory_sync/config.json'
  test.each<[string, (home: Home) => Promise<unknown>]>([
    ['are gone', (home) => rm(`${home.path}/${CONFIG}`)],
    ['were cut', (home) => home.write(CONFIG, '{"redis":')],
    ['tell of no Redis', (home) => home.write(CONFIG, '{"redis":{"enabled":false}}\n')],
    ['are gone together with what was kept of them', (home) => rm(`${home.path}/${CONFIG}`).then(() => rm(`${home.path}/.config/memory_sync/backups`, { recursive: true }))],
    ['are gone together with the note of its process', (home) => rm(`${home.path}/${CONFIG}`).then(() => rm(`${home.path}/.local/share/memory_sync/redis/redis.process`))],
  ])('that a killed hub has left is ended by the rollback where the settings %s', async (_, harm) => {
    const home = await Home.make({ redis: 'any' })
    await install(home, '--redis', 'managed')
    await killService(home)
    expect(processesOf(home).join()).toContain('redis-server')
    await harm(home)
    await home.run('rollback')
    expect(processesOf(home)).toEqual([])
  })

  test('whose folder is deleted under it ends with its hub, and the next installation makes another one', async () => {
    const home = await Home.make({ redis: 'any' })
    await install(home, '--redis', 'managed')
    const first = redisPid(home)
    await rm(`${home.path}/.local/share/memory_sync/redis`, { recursive: true })
    await install(home)
    expect(redisPid(home)).not.toBe(first)
    expect(processesOf(home).filter((line) => line.includes('redis-server'))).toHaveLength(1)
    expect(await status(home)).toMatchObject({ redis: 'online' })
    await home.ok('rollback')
    expect(processesOf(home)).toEqual([])
  })

  test('on loopback, where the path of a socket would be too long: a server that somebody else has there later is left alone', async () => {
    const home = await Home.make({ redis: 'any', name: `a home with a ${'long '.repeat(12)}name` })
    await install(home, '--redis', 'managed')
    expect(await status(home)).toMatchObject({ redis: 'online' })
    const port = await portOf(home)
    await home.ok('set', 'mary', 'task=T1')
    await home.ok('hub', 'stop')

    const other = await startRedis({ args: ['--port', String(port)] })
    await home.ok('install-agent')
    const written = JSON.parse(await home.ok('set', 'mary', 'task=T2', '--json')) as { durability: string }
    expect(written.durability).toBe('file')
    const { code, stdout } = await home.run('health')
    expect(code).toBe(1)
    expect(stdout).toContain(`❌ Redis not reachable: Redis at 127.0.0.1:${port} wants no password`)
    await eventually(async () => (await home.read('02luka/logs/memory_hub.out.log')).includes('the private Redis in'), soon)
    expect(await (await other.client()).dbsize()).toBe(0)

    expect(changedBy(await install(home))).toContain(`${home.path}/.config/memory_sync/config.json`)
    expect(await portOf(home)).not.toBe(port)
    expect(JSON.parse(await home.ok('status', '--json'))).toMatchObject({ redis: 'online', pending: 0 })
    await home.ok('rollback')
    expect(processesOf(home)).toEqual([])
    expect(await (await other.client()).dbsize()).toBe(0)
  })

  const portOf = async (home: Home): Promise<number> => {
    const { redis } = JSON.parse(await home.read('.config/memory_sync/config.json')) as { redis: { url: string } }
    return Number(/^redis:\/\/127\.0\.0\.1:(\d+)$/.exec(redis.url)?.[1])
  }
  const killService = async (home: Home): Promise<void> => {
    const { supervisor, hub } = JSON.parse(await home.read('.config/memory_sync/service/com.02luka.memory.hub.state.json')) as Record<'supervisor' | 'hub', { pid: number }>
    for (const { pid } of [supervisor, hub]) process.kill(pid, 'SIGKILL')
  }
  const redisPid = (home: Home): number => Number(/^(\d+)/.exec(readFileSync(`${home.path}/.local/share/memory_sync/redis/redis.process`, 'utf8'))?.[1])
  const status = async (home: Home): Promise<{ redis: string }> => JSON.parse(await home.ok('status', '--json')) as { redis: string }
})

test('a newer version takes the place of the one before it, and its hub that of the other hub', async () => {
  const home = await Home.make({ redis: 'any' })
  const before = await looks(home)
  await install(home, '--redis', 'off')
  const first = await home.hubPid()
  const upgrade = async (version: string): Promise<void> => {
    const newer = `${await makeTempFolder('ms-up-')}/package #1, 100%25`
    for (const part of ['bin', 'dist', 'hooks', 'oclif.manifest.json', 'package.json', 'LICENSE']) await cp(new URL(`../../${part}`, import.meta.url), `${newer}/${part}`, { recursive: true })
    for (const file of ['package.json', 'oclif.manifest.json', 'hooks/memory_sync.sh']) {
      await writeFile(`${newer}/${file}`, (await readFile(`${newer}/${file}`, 'utf8')).replaceAll(/\b0\.1\.0\b/g, version))
    }
    const { code, stderr } = await home.spawn(process.execPath, [`${newer}/bin/run.js`, 'install', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(await readlink(`${home.path}/.local/share/memory_sync/current`)).toBe(version)
    const { stdout } = await home.spawn(`${home.path}/.local/bin/memory_sync`, ['health'])
    expect(stdout).toContain(`Hub and commands are of version ${version}`)
  }
  const versions = async (): Promise<string[]> => (await readdir(`${home.path}/.local/share/memory_sync`)).filter((name) => /^\d/.test(name)).sort()
  await upgrade('0.1.1')
  expect(await versions(), 'for what still runs from it').toEqual(['0.1.0', '0.1.1'])
  expect(await home.hubPid()).not.toBe(first)
  await upgrade('0.1.2')
  expect(await versions()).toEqual(['0.1.1', '0.1.2'])
  await home.spawn(`${home.path}/.local/bin/memory_sync`, ['rollback'])
  const left = Object.fromEntries(Object.entries(await looks(home)).filter(([path]) => !/^\/02luka(\/(shared_memory|logs))?$/.test(path)))
  expect(left).toEqual(before)
})

test('installed for a root of its own: the scripts mean that one, and only that one is taken back', async () => {
  const home = await Home.make({ redis: 'any' })
  const root = `${home.path}/an other's root`
  await install(home, '--redis', 'off', '--root', root)
  for (const [script, task] of [[`${home.path}/.local/bin/memory_sync`, 'T1'], [`${root}/tools/memory_sync.sh`, 'T2']] as const) {
    expect(await home.spawn(script, ['set', 'mary', `task=${task}`])).toMatchObject({ code: 0 })
    expect(JSON.stringify(JSON.parse((await home.spawn(script, ['where', '--json'])).stdout)), 'by Node').toContain(JSON.stringify(root))
    expect(await home.ok('get', '--agent', 'mary', '--root', root)).toContain(`"${task}"`)
  }
  await home.spawn(`${home.path}/.local/bin/memory_sync`, ['set', 'mary', 'task=T3'], { LUKA_SOT: `${home.path}/third` })
  expect(home.has('third/shared_memory'), 'who names a root is followed').toBe(true)
  expect(home.has('02luka')).toBe(false)

  await mkdir(`${home.root}/shared_memory`, { recursive: true })
  const program = `import sys; sys.path.insert(0, sys.argv[1])
from agents.memory_hub.memory_hub import UnifiedMemoryHub
hub = UnifiedMemoryHub(); print(hub.sot_path, hub.get_unified_context()["agents"]["mary"]["context"]["task"])`
  const shim = await home.spawn('python3', ['-c', program, root], { PYTHONDONTWRITEBYTECODE: '1' })
  expect(shim.stdout, 'although there is a tree at the usual place').toBe(`${root} T2\n`)
  await rm(home.root, { recursive: true })

  const others = [{ args: ['--root', home.root], env: {} }, { args: [], env: { MEMORY_SYNC_ROOT: home.root } }, { args: [], env: { LUKA_SOT: home.root } }]
  for (const { args, env } of others) {
    for (const command of [['rollback'], ['rollback', '--purge-data'], ['install-agent', '--uninstall']]) {
      const { code, stderr } = await home.spawn(process.execPath, [BIN, ...command, ...args], env)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`is installed for another root than ${home.root}`) })
    }
  }
  expect(JSON.parse(await home.ok('hub', 'status', '--json', '--root', root)), 'nothing was undone').toBeDefined()
  const typed = await home.spawn('sh', ['-c', 'echo "$1" | "$2" "$3" rollback --purge-data', 'sh', root, process.execPath, BIN])
  expect(typed.code).toBe(0)
  expect(typed.stdout).toContain(`${root}/shared_memory/context.json`)
  expect(home.has("an other's root/shared_memory/context.json")).toBe(false)
  expect(processesOf(home)).toEqual([])
})

test('the user of a Redis with access lists stays the one', async () => {
  const redis = await startRedis({ tcp: true })
  const admin = await redis.client()
  await admin.call('ACL', 'SETUSER', 'memory@team', 'on', '>secret-of-hers', '~*', '&*', '+@all')
  await admin.call('ACL', 'SETUSER', 'default', 'off')
  const home = await Home.make({ redis: 'any' })
  home.use({ REDIS_URL: redis.url.replace('://', '://memory%40team:secret-of-hers@') })
  await install(home)
  home.use({ REDIS_URL: undefined })
  expect(JSON.parse(await home.ok('status', '--json'))).toMatchObject({ redis: 'online' })
  expect(changedBy(await install(home))).toEqual([])
  const { redis: saved } = JSON.parse(await home.read('.config/memory_sync/config.json')) as { redis: object }
  expect(saved).toEqual({ url: redis.url.replace('://', '://memory%40team@'), password: 'secret-of-hers' })
})

describe('rollback --purge-data', () => {
  test('deletes nothing unless the path of the root is typed, and then all data of ours', async () => {
    const home = await Home.make({ redis: 'any' })
    const before = await looks(home)
    await install(home, '--redis', 'managed')
    const typed = (text: string, ...args: string[]): Promise<Ran> => home.spawn('sh', ['-c', 'echo "$1" | "$2" "$3" rollback --purge-data', 'sh', text, process.execPath, BIN, ...args])
    const refused = await typed('yes')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('shared_memory/context.json')
    expect(await home.hubPid(), 'nothing was undone').not.toBeNull()
    await home.ok('task', 'add', 'W-1')
    await eventually(() => home.has('02luka/shared_memory/prp_status.yaml'), soon)
    expect((await home.run('rollback', '--purge-data')).code, 'nobody types').toBe(2)
    expect((await typed(home.root)).code).toBe(0)
    expect(await looks(home)).toEqual(before)
    expect(home.has('02luka'), 'also the places of drops and work items').toBe(false)
    expect(processesOf(home)).toEqual([])
  })
})

test('data that a rollback has left goes with a rollback --purge-data afterwards, when the path of its root is typed', async () => {
  const home = await Home.make({ redis: 'any' })
  await install(home, '--redis', 'managed')
  await home.ok('set', 'mary', 'a=1')
  await home.ok('rollback')
  const data = ['02luka/shared_memory/context.json', '02luka/shared_memory/.memory_sync', '.local/share/memory_sync/redis']
  const left = (): string[] => data.filter((path) => home.has(path))
  const before = await looks(home)
  const typed = (text: string, ...args: string[]): Promise<Ran> => home.spawn('sh', ['-c', 'echo "$1" | "$2" "$3" rollback --purge-data', 'sh', text, process.execPath, BIN, ...args])
  expect((await typed('yes')).code).toBe(2)
  expect((await home.ok('rollback', '--purge-data', '--dry-run')), 'what it would do').toContain(`data would be deleted: ${home.root}/shared_memory/context.json`)
  expect((await home.run('rollback')).code).toBe(1)
  expect(await looks(home), 'nothing was deleted').toEqual(before)
  expect(left()).toEqual(data)
  expect(await typed(home.root)).toMatchObject({ code: 0, stdout: expect.stringContaining('data deleted: ') })
  expect(left()).toEqual([])
  expect(home.has('.config')).toBe(false)
  expect(await typed(home.root)).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing is installed') })
})

/** Nor may anybody else read these. */
async function passwordStandsOnlyIn(home: Home, password: string, files: readonly string[]): Promise<void> {
  const { stdout } = await home.spawn('grep', ['-rlF', '--devices=skip', password, home.path])
  const holding = stdout.trim().split('\n').sort()
  const isBackup = (path: string): boolean => path.startsWith(`${home.path}/.config/memory_sync/backups/`)
  expect(holding.filter((path) => !isBackup(path))).toEqual(files.map((path) => `${home.path}/${path}`))
  for (const path of holding) expect((await lstat(path)).mode & 0o077, path).toBe(0)
  for (const pid of await readdir('/proc')) {
    if (/^\d+$/.test(pid)) expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(password)
  }
}
