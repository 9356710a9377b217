import { appendFile, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { ProgramOptions } from '../support/program.js'
import { startRedis } from '../support/redis.js'
import { FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, type SetUp, World } from '../support/world.js'

type Level = 'ok' | 'warn' | 'bad' | 'off'
type Act = (world: World) => Promise<unknown>
type With = Partial<ProgramOptions>

interface Case {
  check: string
  when: string
  setUp: SetUp
  /** Makes it really so; what it returns is given to the health command. */
  harm: (world: World) => Promise<With | void>
  is: Level
  mend: (world: World) => Promise<With | void>
}

interface Report {
  healthy: boolean
  findings: { name: string; level: Level; text: string; wayOut?: string }[]
}

const ours = (world: World): string => `${world.root}/shared_memory/.memory_sync`
const fix: Act = (world) => world.run('health', '--fix')
const plain = (act: Act) => async (world: World): Promise<void> => void (await act(world))
const AN_HOUR_AHEAD = { NODE_OPTIONS: '--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+3600000' }

async function spoil(world: World): Promise<void> {
  await writeFile(world.file, 'no JSON')
  const before = new Date(Date.now() - 60_000)
  await utimes(world.file, before, before) // older than what somebody may still be writing
}

async function journalOf(world: World): Promise<string> {
  const name = (await readdir(ours(world))).find((file) => file.startsWith('journal'))
  return `${ours(world)}/${name ?? 'journal'}`
}

async function requirePassword(world: World, password: string): Promise<With> {
  const client = await world.redis.client()
  await client.config('SET', 'requirepass', password)
  return { env: { REDIS_PASSWORD: password } }
}

const CASES: Case[] = [
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
    ...{ check: 'redis-of-hub', when: 'the hub has another Redis', setUp: REDIS_AND_HUB, is: 'bad' },
    harm: async () => ({ redis: (await startRedis()).url }),
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
    mend: async (world) => {
      await (await world.redis.client({ password: 'changeme-02luka' })).config('SET', 'requirepass', 'one of our own')
      return { env: { REDIS_PASSWORD: 'one of our own' } }
    },
  },
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
    ...{ check: 'activity', when: 'the last change is from the future', setUp: FILES_ALONE, is: 'warn' },
    harm: plain((world) => world.runWith({ env: AN_HOUR_AHEAD }, 'set', 'mary', 'late=1')),
    mend: async () => ({ env: AN_HOUR_AHEAD }),
  },
]

async function look(world: World, options: With): Promise<Report> {
  const { code, stdout, stderr } = await world.runWith(options, 'health', '--json')
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as Report
  const isBad = report.findings.some(({ level }) => level === 'bad')
  expect({ code, healthy: report.healthy }).toEqual(isBad ? { code: 1, healthy: false } : { code: 0, healthy: true })
  return report
}

const findingOf = ({ findings }: Report, check: string): Report['findings'][number] | undefined =>
  findings.find(({ name }) => name === check)

describe('health', () => {
  test.each(CASES)('$check is $is when $when, and well again afterwards', async ({ check, setUp, harm, is, mend }) => {
    const world = await World.make(setUp)
    await world.ok('set', 'mary', 'a=1')
    if (setUp.redis) await world.quiet()
    const broken = findingOf(await look(world, (await harm(world)) ?? {}), check)
    expect(broken).toMatchObject({ level: is, wayOut: expect.any(String) })
    const mended = findingOf(await look(world, (await mend(world)) ?? {}), check)
    expect(mended).toMatchObject({ level: 'ok' })
    expect(mended?.text).not.toBe(broken?.text)
  })

  test('of a whole system is all green, and says it as its legacy readers expect it', async () => {
    const world = await World.make(REDIS_AND_HUB, { password: 'one of our own' })
    await world.ok('set', 'mary', 'a=1')
    await world.quiet()
    const { code, stdout } = await world.run('health')
    expect(stdout).not.toMatch(/❌|⚠️/)
    expect(stdout).toMatch(/=== Health Score: 100% \((\d+)\/\1\) ===/)
    for (const line of ['✅ Redis connected', '✅ All checks passed', 'Hub Service:', 'Redis:', 'Shared Memory:']) expect(stdout).toContain(line)
    expect(code).toBe(0)
    world.hub!.signal('SIGKILL')
    await world.hub!.ended()
    const dead = await world.run('health')
    expect(dead.code).toBe(1)
    expect(dead.stdout).toMatch(/❌ Hub not running/)
    expect(dead.stdout).not.toContain('All checks passed')
  })
})
