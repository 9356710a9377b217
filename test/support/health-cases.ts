/** For every check, what makes it go red (or warn), for real, and what makes it well again. The repository's tests look that none is missing. */
import { appendFile, chmod, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { serve } from '../integration/fixtures/serve.js'
import { readManifest } from '../repo/repository.js'
import { type ProgramOptions } from './program.js'
import { startRedis } from './redis.js'
import { FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, type SetUp, soon, type World } from './world.js'

export type Level = 'ok' | 'warn' | 'bad' | 'off'
type Act = (world: World) => Promise<unknown>
type With = Partial<ProgramOptions>

export interface HealthCase {
  check: string
  when: string
  setUp: SetUp
  /** Of Redis. */
  password?: string
  /** Makes it really so; what it returns is given to the health command. */
  harm: (world: World) => Promise<With | void>
  is: Level
  mend: (world: World) => Promise<With | void>
}

const ours = (world: World): string => `${world.root}/shared_memory/.memory_sync`
const fix: Act = (world) => world.run('health', '--fix')
const plain = (act: Act) => async (world: World): Promise<void> => void (await act(world))
/** Runs in the program before it begins. */
const before = (code: string): NodeJS.ProcessEnv => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` })
const clockMoved = (ms: number): NodeJS.ProcessEnv => before(`const now = Date.now; Date.now = () => now() + ${ms}`)
const AN_HOUR_AHEAD = clockMoved(3_600_000)
const WEEKS_AGO = clockMoved(-24 * 24 * 3_600_000)
const diskWith = (freeMib: number, freeFiles = 500_000): NodeJS.ProcessEnv =>
  before(`import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
    fs.statfsSync = () => ({ blocks: 20_000, bsize: 1_048_576, bavail: ${freeMib}, files: 1_000_000, ffree: ${freeFiles} }); syncBuiltinESMExports()`)

async function spoil(world: World): Promise<void> {
  await writeFile(world.file, 'no JSON')
  const before = new Date(Date.now() - 60_000)
  await utimes(world.file, before, before) // older than what somebody may still be writing
}

async function journalOf(world: World): Promise<string> {
  const name = (await readdir(ours(world))).find((file) => file.startsWith('journal'))
  return `${ours(world)}/${name ?? 'journal'}`
}

async function requirePassword(world: World, password: string, former?: string): Promise<With> {
  const client = await world.redis.client(former === undefined ? {} : { password: former })
  await client.config('SET', 'requirepass', password)
  return { env: { REDIS_PASSWORD: password } }
}

const first = new WeakMap<World, NonNullable<World['hub']>>()
const served = new WeakMap<World, { stop(): Promise<void> }>()

/** Older than what somebody may still be writing. */
async function age(path: string): Promise<void> {
  const then = new Date(Date.now() - 120_000)
  await utimes(path, then, then)
}

async function removeLock(world: World): Promise<void> {
  for (const name of await readdir(ours(world))) if (name.startsWith('keeper.')) await rm(`${ours(world)}/${name}`)
}

async function restartHub(world: World): Promise<void> {
  world.hub!.signal('SIGTERM')
  await world.hub!.ended()
  await world.startHub()
}

async function configure(world: World, settings: Record<string, string>): Promise<void> {
  const client = await world.redis.client()
  for (const [name, value] of Object.entries(settings)) await client.config('SET', name, value)
}

export const HEALTH_CASES: HealthCase[] = [
  {
    ...{ check: 'hub', when: 'the hub was killed', setUp: FILES_AND_HUB, is: 'bad' },
    harm: async (world) => {
      world.hub!.signal('SIGKILL')
      await world.hub!.ended()
    },
    mend: plain((world) => world.startHub()),
  },
  {
    ...{ check: 'hub', when: 'the hub is stopped', setUp: REDIS_AND_HUB, is: 'bad' },
    harm: async (world) => world.hub!.signal('SIGSTOP'),
    mend: async (world) => world.hub!.signal('SIGCONT'),
  },
  {
    ...{ check: 'redis-connection', when: 'Redis was killed', setUp: REDIS_ALONE, is: 'bad' },
    harm: (world) => world.redis.kill('SIGKILL'),
    mend: (world) => world.redis.restart(),
  },
  {
    ...{ check: 'redis-connection', when: 'Redis is stopped', setUp: REDIS_ALONE, is: 'bad' },
    harm: (world) => world.redis.kill('SIGSTOP'),
    mend: (world) => world.redis.kill('SIGCONT'),
  },
  {
    ...{ check: 'redis-connection', when: 'the password is wrong', setUp: REDIS_ALONE, is: 'bad' },
    harm: plain((world) => requirePassword(world, 'right')),
    mend: async () => ({ env: { REDIS_PASSWORD: 'right' } }),
  },
  {
    ...{ check: 'redis-connection', when: 'it was set back, and the hub does not know it yet', setUp: REDIS_AND_HUB, is: 'bad' },
    harm: async (world) => {
      const client = await world.redis.client()
      const before = String(await client.get('memory:rev'))
      await mkdir(`${world.root}/other`)
      expect(await world.runWith({ root: `${world.root}/other` }, 'set', 'gg', 'b=1')).toMatchObject({ code: 0 })
      await soon(async () => (await world.text()).includes('"gg"'))
      world.hub!.signal('SIGSTOP') // else its next round, which may come at any time, finds it out
      await client.multi().set('memory:rev', before).hset('memory:sync', 'rev', before).exec()
    },
    mend: plain(async (world) => {
      world.hub!.signal('SIGCONT')
      await world.ok('sync')
    }),
  },
  {
    ...{ check: 'redis-of-hub', when: 'the hub has another Redis', setUp: REDIS_AND_HUB, is: 'bad' },
    harm: async () => ({ redis: (await startRedis()).url }),
    mend: async () => ({}),
  },
  {
    ...{ check: 'redis-of-hub', when: 'the hub has other names of keys', setUp: REDIS_AND_HUB, is: 'bad' },
    harm: async () => ({ env: { MEMORY_SYNC_NAMESPACE: 'trial' } }),
    mend: async () => ({}),
  },
  {
    ...{ check: 'redis-password', when: 'there is none', setUp: REDIS_ALONE, is: 'warn' },
    harm: async () => undefined,
    mend: (world) => requirePassword(world, 'one of our own'),
  },
  {
    ...{ check: 'redis-password', when: 'it is the documented default', setUp: REDIS_ALONE, is: 'warn' },
    harm: (world) => requirePassword(world, 'changeme-02luka'),
    mend: (world) => requirePassword(world, 'one of our own', 'changeme-02luka'),
  },
  {
    ...{ check: 'redis-password', when: 'it is one that is guessed at once', setUp: REDIS_ALONE, is: 'warn' },
    harm: (world) => requirePassword(world, 'redis'),
    mend: (world) => requirePassword(world, 'one of our own', 'redis'),
  },
  {
    ...{ check: 'redis-password', when: 'one is sent that the server does not want', setUp: REDIS_ALONE, is: 'warn' },
    harm: async () => ({ env: { REDIS_PASSWORD: 'one of our own' } }),
    mend: (world) => requirePassword(world, 'one of our own'),
  },
  ...['"password": "one of our own"', '"url": "redis://:secret@127.0.0.1:1"'].map((has): HealthCase => ({
    ...{ check: 'secrets', when: `others can read a config file with ${has}, and nothing is installed`, setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      await mkdir(`${world.root}/.config/memory_sync`, { recursive: true })
      await writeFile(`${world.root}/.config/memory_sync/config.json`, `{"redis": {${has}}}`, { mode: 0o644 })
    },
    mend: (world) => chmod(`${world.root}/.config/memory_sync/config.json`, 0o600),
  })),
  {
    ...{ check: 'root', when: 'it takes no writes', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      await rename(ours(world), `${world.root}/away`)
      await writeFile(ours(world), 'in the way')
    },
    mend: async (world) => {
      await rm(ours(world))
      await rename(`${world.root}/away`, ours(world))
    },
  },
  { check: 'context-file', when: 'the file is broken', setUp: FILES_ALONE, is: 'bad', harm: spoil, mend: plain(fix) },
  {
    ...{ check: 'context-file', when: 'the file is missing', setUp: FILES_ALONE, is: 'bad' },
    harm: (world) => rm(world.file),
    mend: plain(fix),
  },
  {
    ...{ check: 'context-file', when: 'the file is a link into a folder that is not there', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      await rm(world.file)
      await symlink(`${world.root}/nowhere/c.json`, world.file)
    },
    mend: plain(async (world) => {
      await mkdir(`${world.root}/nowhere`)
      await fix(world)
    }),
  },
  {
    ...{ check: 'context-file', when: 'an edit was not taken in', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => writeFile(world.file, (await world.text()).replace('"a": 1', '"a": 2')),
    mend: plain((world) => world.ok('update', 'gg', 'active')),
  },
  {
    ...{ check: 'file-lag', when: 'the file is an older version', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      const old = await world.text()
      await world.ok('update', 'gg', 'active')
      await writeFile(world.file, old)
    },
    mend: plain(fix),
  },
  {
    ...{ check: 'file-lag', when: 'another host wrote to Redis and no hub runs here', setUp: REDIS_ALONE, is: 'bad' },
    harm: async (world) => {
      await mkdir(`${world.root}/other`)
      expect(await world.runWith({ root: `${world.root}/other` }, 'set', 'gg', 'b=1')).toMatchObject({ code: 0 })
    },
    mend: plain(fix),
  },
  {
    ...{ check: 'journal', when: 'it holds garbage', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      const journal = await journalOf(world)
      await writeFile(`${world.root}/journal.copy`, await readFile(journal))
      await appendFile(journal, '\u0000garbage\n{"op":\n')
    },
    mend: async (world) => rename(`${world.root}/journal.copy`, await journalOf(world)),
  },
  {
    ...{ check: 'pending', when: 'writes wait for Redis', setUp: REDIS_ALONE, is: 'warn' },
    harm: async (world) => {
      await world.redis.kill('SIGKILL')
      await world.ok('set', 'mary', 'b=2')
    },
    mend: async (world) => {
      await world.redis.restart()
      await world.ok('sync')
    },
  },
  {
    ...{ check: 'set-aside', when: 'a file had to be set aside', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => {
      await spoil(world)
      await fix(world)
    },
    mend: (world) => rm(`${ours(world)}/aside`, { recursive: true }),
  },
  {
    ...{ check: 'one-hub', when: 'the files of the lock were removed and a second hub came, while the first one did not run', setUp: FILES_AND_HUB, is: 'bad' },
    harm: async (world) => {
      world.hub!.signal('SIGSTOP') // else it would end
      await removeLock(world)
      first.set(world, world.hub!)
      await world.startHub()
    },
    mend: async (world) => {
      first.get(world)!.signal('SIGKILL')
      await first.get(world)!.ended()
    },
  },
  {
    ...{ check: 'one-hub', when: 'the hub has lost its lock, and does not know it yet', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => void served.set(world, (await serve({ root: world.root })).server),
    mend: async (world) => {
      await served.get(world)!.stop()
      await world.startHub()
    },
  },
  {
    ...{ check: 'hub', when: 'the socket of the hub was removed', setUp: FILES_AND_HUB, is: 'bad' },
    harm: (world) => rm(`${ours(world)}/hub.sock`),
    mend: restartHub,
  },
  {
    ...{ check: 'hub-version', when: 'the hub is of another build of this version', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => void served.set(world, (await serve({ root: world.root, version: readManifest().version, build: 'another' })).server),
    mend: async (world) => {
      await served.get(world)!.stop()
      await world.startHub()
    },
  },
  {
    ...{ check: 'hub-version', when: 'the hub is of another version', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => void served.set(world, (await serve({ root: world.root, version: '0.0.1' })).server),
    mend: async (world) => {
      await served.get(world)!.stop()
      await world.startHub()
    },
  },
  {
    ...{ check: 'hub-lag', when: 'the hub is shut out and others write', setUp: REDIS_AND_HUB, password: 'the first one', is: 'bad' },
    harm: async (world) => {
      const login = await requirePassword(world, 'the second one')
      const client = await world.redis.client({ password: 'the second one' })
      for (const type of ['normal', 'pubsub'] as const) await client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')
      await mkdir(`${world.root}/other`)
      expect(await world.runWith({ ...login, root: `${world.root}/other` }, 'set', 'gg', 'b=1')).toMatchObject({ code: 0 })
      return login
    },
    mend: async (world) => {
      await requirePassword(world, 'the first one', 'the second one')
      await soon(async () => (await world.text()).includes('"gg"'))
    },
  },
  {
    ...{ check: 'redis-writes', when: 'its memory is full', setUp: REDIS_ALONE, is: 'bad' },
    harm: (world) => configure(world, { maxmemory: '1' }),
    mend: (world) => configure(world, { maxmemory: '0' }),
  },
  {
    ...{ check: 'redis-writes', when: 'it is a read-only replica', setUp: REDIS_ALONE, is: 'bad' },
    harm: async (world) => void (await (await world.redis.client()).call('REPLICAOF', '127.0.0.1', '1')),
    mend: async (world) => void (await (await world.redis.client()).call('REPLICAOF', 'NO', 'ONE')),
  },
  ...[['resetchannels', '&*'], ['-publish', '+publish']].map(([without = '', withIt = '']): HealthCase => ({
    ...{ check: 'redis-channels', when: `its user has ${without}`, setUp: REDIS_ALONE, is: 'warn' },
    harm: async (world) => void (await (await world.redis.client()).call('ACL', 'SETUSER', 'default', without)),
    mend: async (world) => void (await (await world.redis.client()).call('ACL', 'SETUSER', 'default', withIt)),
  })),
  {
    ...{ check: 'redis-eviction', when: 'records may be evicted', setUp: REDIS_ALONE, is: 'warn' },
    harm: (world) => configure(world, { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' }),
    mend: (world) => configure(world, { 'maxmemory-policy': 'noeviction' }),
  },
  {
    ...{ check: 'redis-durability', when: 'there is no append-only file', setUp: REDIS_ALONE, is: 'warn' },
    harm: (world) => configure(world, { appendonly: 'no' }),
    mend: (world) => configure(world, { appendonly: 'yes', appendfsync: 'everysec' }),
  },
  {
    ...{ check: 'redis-durability', when: 'syncing is left to the system', setUp: REDIS_ALONE, is: 'warn' },
    harm: (world) => configure(world, { appendfsync: 'no' }),
    mend: (world) => configure(world, { appendfsync: 'everysec' }),
  },
  {
    ...{ check: 'redis-keys', when: 'a record is no hash', setUp: REDIS_ALONE, is: 'bad' },
    harm: async (world) => void (await (await world.redis.client()).set('memory:agents:mary', 'a string')),
    mend: async (world) => {
      await (await world.redis.client()).rename('memory:agents:mary', 'kept')
      await world.ok('sync')
    },
  },
  {
    ...{ check: 'redis-keys', when: 'one of our own keys is of another type', setUp: REDIS_ALONE, is: 'bad' },
    harm: async (world) => {
      const client = await world.redis.client()
      await client.rename('memory:events', 'kept')
      await client.set('memory:events', 'a string')
    },
    mend: async (world) => void (await (await world.redis.client()).rename('kept', 'memory:events')),
  },
  ...['memory:sync', 'memory:stamps:mary'].map((key): HealthCase => ({
    ...{ check: 'redis-keys', when: `nothing can be read because ${key} is of another type`, setUp: REDIS_ALONE, is: 'bad' },
    harm: async (world) => {
      const client = await world.redis.client()
      await client.rename(key, 'kept')
      await client.set(key, 'a string')
    },
    mend: async (world) => void (await (await world.redis.client()).rename('kept', key)),
  })),
  {
    ...{ check: 'redis-records', when: 'a context is no JSON', setUp: REDIS_ALONE, is: 'warn' },
    harm: async (world) => void (await (await world.redis.client()).hset('memory:agents:gg', 'status', 'active', 'context', '{half')),
    mend: async (world) => void (await (await world.redis.client()).hset('memory:agents:gg', 'context', '{"half":1}')),
  },
  {
    ...{ check: 'redis-records', when: 'the name of a field is no UTF-8', setUp: REDIS_ALONE, is: 'warn' },
    harm: async (world) => void (await (await world.redis.client()).hset('memory:agents:gg', Buffer.from([0xff]), '1', 'status', 'active')),
    mend: async (world) => void (await (await world.redis.client()).hdel('memory:agents:gg', Buffer.from([0xff]))),
  },
  {
    ...{ check: 'looked', when: 'a folder stands where the history belongs', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      await rename(`${ours(world)}/history`, `${world.root}/history.kept`)
      await mkdir(`${ours(world)}/history`)
    },
    mend: async (world) => {
      expect((await world.run('health', '--fix')).stdout).toMatch(/left: .*\/history is a folder[^]*Health Score/)
      await rm(`${ours(world)}/history`, { recursive: true })
      await rename(`${world.root}/history.kept`, `${ours(world)}/history`)
    },
  },
  {
    ...{ check: 'disk', when: 'it is nearly full', setUp: FILES_ALONE, is: 'bad' },
    harm: async () => ({ env: diskWith(40) }),
    mend: async () => ({ env: diskWith(10_000) }),
  },
  {
    ...{ check: 'disk', when: 'it takes no more files', setUp: FILES_ALONE, is: 'bad' },
    harm: async () => ({ env: diskWith(10_000, 40) }),
    mend: async () => ({ env: diskWith(10_000) }),
  },
  {
    ...{ check: 'disk', when: 'it is filling up', setUp: FILES_ALONE, is: 'warn' },
    harm: async () => ({ env: diskWith(800) }),
    mend: async () => ({ env: diskWith(10_000) }),
  },
  {
    ...{ check: 'modes', when: 'others can read our folder', setUp: FILES_ALONE, is: 'warn' },
    harm: (world) => chmod(ours(world), 0o755),
    mend: plain(fix),
  },
  {
    ...{ check: 'state', when: 'it is half of what it was', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      const state = await readFile(`${ours(world)}/state.json`, 'utf8')
      await writeFile(`${ours(world)}/state.json`, state.slice(0, state.length / 2))
    },
    mend: plain(fix),
  },
  {
    ...{ check: 'leases', when: 'a power loss has left one empty', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => {
      await mkdir(`${ours(world)}/leases`)
      await writeFile(`${ours(world)}/leases/deploy.5`, '')
      expect(await world.run('lock', 'acquire', 'deploy')).toMatchObject({ code: 10 })
      expect(await world.json('lock', 'status', 'deploy')).toMatchObject({ held: true, fence: 5 })
      expect(await world.run('set', 'mary', 'b=1', '--fence', 'deploy:4')).toMatchObject({ code: 14 })
    },
    mend: async (world) => {
      await utimes(`${ours(world)}/leases/deploy.5`, 1, 1)
      await world.ok('lock', 'acquire', 'deploy')
    },
  },
  {
    ...{ check: 'leftovers', when: 'a process was killed in the middle of a replace', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => {
      const path = `${world.root}/shared_memory/.context.json.0123456789abcdef.tmp`
      await writeFile(path, '{"half":')
      await age(path)
    },
    mend: plain(fix),
  },
  {
    ...{ check: 'inbox', when: 'it is no folder', setUp: FILES_ALONE, is: 'bad' },
    harm: async (world) => {
      await mkdir(`${world.root}/bridge/memory`, { recursive: true })
      await writeFile(`${world.root}/bridge/memory/inbox`, 'in the way')
    },
    mend: async (world) => {
      await rm(`${world.root}/bridge/memory/inbox`)
      await fix(world)
    },
  },
  {
    ...{ check: 'inbox', when: 'a drop could not be taken', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => {
      await fix(world)
      await mkdir(`${world.root}/bridge/memory/processed/rejected`)
      await writeFile(`${world.root}/bridge/memory/processed/rejected/gc_context_1.json`, '{half')
    },
    mend: (world) => rm(`${world.root}/bridge/memory/processed/rejected`, { recursive: true }),
  },
  {
    ...{ check: 'inbox', when: 'a folder stands there under the name of a drop', setUp: FILES_ALONE, is: 'warn' },
    harm: async (world) => {
      await fix(world)
      await mkdir(`${world.root}/bridge/memory/inbox/gc_context_1.json`)
    },
    mend: (world) => rm(`${world.root}/bridge/memory/inbox/gc_context_1.json`, { recursive: true }),
  },
  {
    ...{ check: 'spool', when: 'a folder stands there under the name of a record', setUp: FILES_ALONE, is: 'warn' },
    harm: plain((world) => mkdir(`${ours(world)}/spool/1-2.record`, { recursive: true })),
    mend: (world) => rm(`${ours(world)}/spool/1-2.record`, { recursive: true }),
  },
  {
    ...{ check: 'spool', when: 'a record could not be taken', setUp: FILES_AND_HUB, is: 'warn' },
    harm: async (world) => {
      await mkdir(`${ours(world)}/spool`, { recursive: true })
      await writeFile(`${ours(world)}/spool/1-2.record`, 'no record')
      await soon(async () => (await readdir(`${ours(world)}/spool`)).includes('rejected'))
    },
    mend: (world) => rm(`${ours(world)}/spool/rejected`, { recursive: true }),
  },
  {
    ...{ check: 'clock', when: 'the newest write is from the future', setUp: FILES_ALONE, is: 'warn' },
    harm: plain((world) => world.runWith({ env: AN_HOUR_AHEAD }, 'set', 'mary', 'late=1')),
    mend: async () => ({ env: AN_HOUR_AHEAD }),
  },
  {
    ...{ check: 'clock', when: 'it is not that of Redis', setUp: REDIS_ALONE, is: 'warn' },
    harm: async () => ({ env: AN_HOUR_AHEAD }),
    mend: async () => ({}),
  },
  {
    ...{ check: 'activity', when: 'the history holds garbage', setUp: FILES_ALONE, is: 'warn' },
    harm: (world) => appendFile(`${ours(world)}/history`, '\nno change\n{"rev":1}\n'),
    mend: plain(fix),
  },
  {
    ...{ check: 'stale-agents', when: 'one is active and was last seen weeks ago', setUp: FILES_ALONE, is: 'warn' },
    harm: plain((world) => world.runWith({ env: WEEKS_AGO }, 'update', 'paula', 'active')),
    mend: plain((world) => world.ok('update', 'paula', 'offline')),
  },
]
