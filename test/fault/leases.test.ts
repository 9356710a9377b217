/** Leases with holders that are killed or stopped, and a Redis that falls silent or comes back empty. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { acquireLock, type LockReply, releaseLock } from '../../src/usecases/lock.js'
import type { Surroundings } from '../../src/usecases/surroundings.js'
import { afterwards } from '../support/cleanup.js'
import { type Program, runCli } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'
import { FILES_ALONE, FILES_AND_HUB, type JsonObject, REDIS_ALONE, REDIS_AND_HUB, SET_UPS, soon, World } from '../support/world.js'

const long = process.env['MEMORY_SYNC_TEST_LONG'] === '1'
/** A command that does not hear SIGTERM, and writes the time while it lives; so does one that it starts in another session. */
const STUBBORN = `trap '' TERM INT; echo $$ >> "$1.groups"
beat() { while :; do date +%s%N >> "$1"; sleep 0.02; done; }
setsid sh -c "$(printf 'echo $$ >> %s; while :; do date +%%s%%N >> %s; sleep 0.02; done' "$1.groups" "$1.far")" &
beat "$1.near" & beat "$1"`

let ids = 0
async function surroundingsOf(world: World): Promise<Surroundings> {
  return {
    memory: await world.memory(),
    clock: { now: () => Date.now(), offsetMinutes: () => 0 },
    random: () => (++ids).toString(16).padStart(32, '0'),
    by: 'tester',
  }
}

const numbersIn = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : []
/** ms since 1970 */
const beatsOf = (file: string): number[] => numbersIn(file).map((ns) => Math.floor(ns / 1e6))

/** Of a test that failed. */
function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // as it should be: it is gone
  }
}

/** A stubborn command under a lease, and all three of it at work. */
async function startStubborn(world: World, ttl: string): Promise<{ run: Program; files: string[] }> {
  const file = `${await makeTempFolder()}/beats`
  afterwards(() => {
    for (const group of numbersIn(`${file}.groups`)) endGroup(group)
  })
  const files = [file, `${file}.near`, `${file}.far`]
  const run = world.start('lock', 'run', 'deploy', '--ttl', ttl, '--', 'sh', '-c', STUBBORN, 'sh', file)
  await soon(() => {
    if (run.hasEnded()) throw new Error(`it ended: ${run.stderr()}`)
    return files.every((beats) => beatsOf(beats).length > 0)
  }, 'a command at work')
  return { run, files }
}

const lastBeat = (files: readonly string[]): number => Math.max(...files.flatMap((file) => beatsOf(file).slice(-1)))

/** ms since 1970 at which the lease ends, as Redis has it. */
async function endInRedis(world: World): Promise<number> {
  const client = await world.redis.client()
  return Number(await client.hget('memory:lease:deploy', 'until'))
}

/** It writes no time any more. */
async function expectDead(files: readonly string[]): Promise<void> {
  const before = files.map((file) => beatsOf(file).length)
  await new Promise((resolve) => setTimeout(resolve, 200)) // nothing is to happen in this time
  expect(files.map((file) => beatsOf(file).length)).toEqual(before)
}

describe.each([REDIS_AND_HUB, FILES_ALONE])('with $name', (setUp) => {
  test('lock status says since when in local time with its offset, as every other time', async () => {
    const world = await World.make(setUp)
    await world.ok('lock', 'acquire', 'deploy')
    const { stdout } = await world.runWith({ env: { TZ: 'Asia/Bangkok' } }, 'lock', 'status', 'deploy', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+07:00$/) as string })
  })

  test('lock run hands the command its fence, passes its exit code on, and gives the lease back', async () => {
    const world = await World.make(setUp)
    const script = 'node "$0" set mary n+=1 --fence "$MEMORY_SYNC_LOCK_NAME:$MEMORY_SYNC_FENCE" && node "$0" lock run deploy -- sh -c "exit 7"'
    const bin = new URL('../../bin/run.js', import.meta.url).pathname
    expect(await world.run('lock', 'run', 'deploy', '--', 'sh', '-c', script, bin)).toMatchObject({ code: 7, stdout: '', stderr: '' })
    expect((await world.run('lock', 'wait', 'deploy', '--wait', '0')).code).toBe(0)
    expect(await world.json('lock', 'status', 'deploy')).toMatchObject({ held: false })
    expect(await world.json('get', '--agent', 'mary')).toMatchObject({ context: { n: 1 } })
    expect((await world.run('lock', 'run', 'deploy', '--', 'no-such-program')).code).toBe(127)
    expect((await world.run('lock', 'run', 'deploy')).code).toBe(2)
  })

  test('lock run passes signals to the command, and leaves the queue when one comes before', async () => {
    const world = await World.make(setUp)
    const script = `trap 'echo heard; exit 5' INT; echo ready; while :; do sleep 0.02; done`
    const run = world.start('lock', 'run', 'deploy', '--', 'sh', '-c', script)
    await soon(() => run.stdout().includes('ready'))
    const waiter = world.start('lock', 'run', 'deploy', '--wait', '60', '--', 'echo', 'never')
    await soon(async () => (await world.json<{ waiting: string[] }>('lock', 'status', 'deploy')).waiting.length === 1)
    waiter.signal('SIGTERM')
    expect(await waiter.ended()).toMatchObject({ code: 143, stdout: '' })
    expect((await world.json<{ waiting: string[] }>('lock', 'status', 'deploy')).waiting).toEqual([])
    run.signal('SIGINT')
    expect(await run.ended()).toMatchObject({ code: 5, stdout: 'ready\nheard\n' })
  })

  test('SIGUSR1 is a signal as others are: it is passed on, and ends who waits', async () => {
    const world = await World.make(setUp)
    const run = world.start('lock', 'run', 'deploy', '--', 'sh', '-c', `trap 'echo heard; exit 5' USR1; echo ready; while :; do sleep 0.02; done`)
    await soon(() => run.stdout().includes('ready'))
    const waiting = [
      world.start('lock', 'run', 'deploy', '--wait', '60', '--', 'echo', 'never'),
      world.start('lock', 'acquire', 'deploy', '--wait', '60'),
    ]
    await soon(async () => (await world.json<{ waiting: string[] }>('lock', 'status', 'deploy')).waiting.length === 2)
    for (const waiter of waiting) {
      waiter.signal('SIGUSR1')
      expect(await waiter.ended()).toMatchObject({ code: 128 + constants.signals.SIGUSR1, stdout: '', stderr: '' })
    }
    run.signal('SIGUSR1')
    expect(await run.ended()).toMatchObject({ code: 5, stdout: 'ready\nheard\n', stderr: expect.not.stringContaining('Debugger') as string })
  })

  test('a lock run that is killed takes its command with it, and the next one gets the lease at once', async () => {
    const world = await World.make(setUp)
    const { run, files } = await startStubborn(world, '600')
    const waiter = world.start('lock', 'acquire', 'deploy', '--wait', '60', '--json')
    await soon(async () => (await world.json<{ waiting: string[] }>('lock', 'status', 'deploy')).waiting.length === 1)
    run.signal('SIGKILL')
    const { code, stdout, stderr } = await waiter.ended()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { granted } = (await world.memory().then((memory) => memory.history(0)))
      .flatMap((change) => (change.lease?.action === 'granted' ? [{ granted: change }] : []))
      .at(-1)!
    expect(granted.rev).toBe((JSON.parse(stdout) as LockReply).fence)
    expect(lastBeat(files)).toBeLessThanOrEqual(granted.t + 5) // the times are of one clock, cut to ms
    await expectDead(files)
  })

  test('a holder that was killed is followed when its time is over, and its fence is refused every time', async () => {
    const world = await World.make(setUp)
    const ttl = long ? 5 : 2
    const before = Date.now()
    const { fence } = await world.json<{ fence: number }>('lock', 'acquire', 'deploy', '--ttl', String(ttl))
    const after = Date.now()
    expect((await world.run('lock', 'acquire', 'deploy')).code).toBe(10)
    expect((await world.run('set', 'mary', 'a=1', '--fence', `deploy:${fence}`)).code).toBe(0)
    const { memory, ...rest } = await surroundingsOf(world)
    const next = await acquireLock({ memory, ...rest }, { name: 'deploy', ttlMs: 60_000, waitMs: 30_000 })
    expect(Date.now() - before).toBeGreaterThanOrEqual(ttl * 1_000)
    expect(Date.now() - after).toBeLessThan(ttl * 1_000 + (long ? 500 : 5_000))
    expect(next.fence).toBeGreaterThan(fence)
    for (let n = 0; n < 5; n++) expect((await world.run('set', 'mary', 'a=2', '--fence', `deploy:${fence}`)).code).toBe(14)
    expect((await world.run('set', 'mary', 'b=1', '--fence', `deploy:${next.fence}`)).code).toBe(0)
    expect(await world.json('get', '--agent', 'mary')).toMatchObject({ context: { a: 1, b: 1 } })
  })
})

test('a lease that this machine cannot read any more keeps nobody from the others when Redis has lost all of them', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const { fence } = await world.json<{ fence: number }>('lock', 'acquire', 'deploy', '--ttl', '60')
  writeFileSync(`${world.root}/shared_memory/.memory_sync/leases/deploy.${fence}`, '')
  await (await world.redis.client()).flushall()
  expect(await world.run('lock', 'acquire', 'other', '--wait', '20')).toMatchObject({ code: 0 })
  expect(await world.run('lock', 'acquire', 'deploy')).toMatchObject({ code: 10 })
  expect(await world.json('lock', 'status', 'deploy')).toMatchObject({ held: true, holder: 'unknown', fence })
})

// Twenty processes without a hub take turns at one keeper lock: on a busy machine some lose their place.
test.each(long ? SET_UPS : [REDIS_AND_HUB, FILES_AND_HUB])('twenty contenders count exactly, first come, first served: $name', async (setUp) => {
  const world = await World.make(setUp)
  const file = `${world.root}/counter`
  writeFileSync(file, '0')
  const first = await surroundingsOf(world)
  const { token } = await acquireLock(first, { name: 'deploy', ttlMs: 120_000 })
  const order: number[] = []
  const contenders: Promise<void>[] = []
  for (let n = 0; n < 20; n++) {
    const surroundings = await surroundingsOf(world)
    contenders.push(contend(surroundings, n))
    await soon(async () => (await first.memory.leases.look('deploy')).queue.length === n + 1)
  }
  await releaseLock(first, { name: 'deploy', token })
  await Promise.all(contenders)
  expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n))
  expect(readFileSync(file, 'utf8')).toBe('20')

  async function contend(surroundings: Surroundings, n: number): Promise<void> {
    const lease = await acquireLock(surroundings, { name: 'deploy', ttlMs: 120_000, waitMs: 120_000 })
    const count = Number(readFileSync(file, 'utf8'))
    await new Promise((resolve) => setTimeout(resolve, 10)) // the section
    writeFileSync(file, String(count + 1))
    order.push(n)
    await releaseLock(surroundings, { name: 'deploy', token: lease.token })
  }
}, 120_000)

test.each([REDIS_ALONE, FILES_AND_HUB])('whoever shows the token again is told whose lease it is: $name', async (setUp) => {
  const world = await World.make(setUp)
  const call = ['lock', 'acquire', 'deploy', '--token', 't']
  const first = await world.json(...call, '--agent', 'ann')
  expect(await world.json(...call, '--agent', 'bob')).toMatchObject({ fence: first['fence'], holder: 'ann' })
})

test.each([REDIS_AND_HUB, FILES_AND_HUB])('whoever waits keeps his place when the hub is killed and another one begins: $name', async (setUp) => {
  const world = await World.make(setUp)
  const first = await surroundingsOf(world)
  const { token } = await acquireLock(first, { name: 'deploy', ttlMs: 120_000 })
  const order: number[] = []
  const waiting: Promise<void>[] = []
  for (let n = 0; n < 3; n++) {
    const surroundings = await surroundingsOf(world)
    waiting.push(
      acquireLock(surroundings, { name: 'deploy', ttlMs: 120_000, waitMs: 60_000 }).then(async (lease) => {
        order.push(n)
        await releaseLock(surroundings, { name: 'deploy', token: lease.token })
      }),
    )
    await soon(async () => (await first.memory.leases.look('deploy')).queue.length === n + 1)
  }
  for (let hubs = 0; hubs < 2; hubs++) {
    world.hub!.signal('SIGKILL')
    await world.hub!.ended()
    await world.startHub()
    await world.ok('update', 'mary', `after ${hubs}`)
  }
  await releaseLock(first, { name: 'deploy', token })
  await Promise.all(waiting)
  expect(order).toEqual([0, 1, 2])
}, 120_000)

test.each([REDIS_AND_HUB, REDIS_ALONE])('with Redis away everybody is told what has not come of what was asked: $name', async (setUp) => {
  const world = await World.make(setUp)
  const token = String((await world.json('lock', 'acquire', 'deploy', '--agent', 'mary'))['token'])
  await world.redis.kill('SIGKILL')
  const calls: [string, string[]][] = [
    ['nobody can tell who has them', ['lock', 'status', 'deploy']],
    ['nobody can tell who has them', ['lock', 'list']],
    ['nobody can tell who has them', ['lock', 'wait', 'deploy', '--wait', '1']],
    ['nobody can tell who has them', ['merge', 'status']],
    ['it was not renewed', ['lock', 'renew', 'deploy', '--token', token]],
    ['it was not given back', ['lock', 'release', 'deploy', '--token', token]],
    ['nothing was granted', ['lock', 'acquire', 'other']],
  ]
  await soon(async () => (await world.run('lock', 'list')).stderr.includes('cannot be reached'))
  for (const [otherwise, call] of calls) {
    const { code, stdout, stderr } = await world.run(...call)
    expect({ code, stdout, stderr }, call.join(' ')).toMatchObject({ code: 69, stdout: '', stderr: expect.stringContaining(`: ${otherwise}\n`) as string })
  }
})

test.each([REDIS_AND_HUB, REDIS_ALONE])('what became of a lease is told while Redis answers, and with it away nothing is made up: $name', async (setUp) => {
  const world = await World.make(setUp)
  const { token, fence } = await world.json('lock', 'acquire', 'deploy', '--agent', 'mary')
  expect(await world.json('lock', 'renew', 'deploy', '--token', String(token))).toMatchObject({ ok: true, name: 'deploy', token, fence, holder: 'mary' })
  expect(await world.ok('lock', 'history', 'deploy', '--json')).toContain('"holder":"mary"')
  await world.redis.kill('SIGSTOP')
  const { code, stdout } = await world.run('lock', 'history', 'deploy', '--json')
  await world.redis.kill('SIGCONT')
  expect({ code, error: JSON.parse(stdout) as unknown }).toMatchObject({ code: 69, error: { error: { code: 'unavailable' } } })
})

describe('a command under a lease', () => {
  test.each(long ? [REDIS_AND_HUB, REDIS_ALONE] : [REDIS_AND_HUB])('is dead before the lease ends when Redis falls silent: $name', async (setUp) => {
    const world = await World.make(setUp)
    const { run, files } = await startStubborn(world, '4')
    await world.redis.kill('SIGSTOP')
    const { code, stderr } = await run.ended()
    await expectDead(files)
    await world.redis.kill('SIGCONT')
    expect(code).toBe(14)
    expect(stderr).toMatch(/was lost: it could not be renewed in time/)
    expect(lastBeat(files)).toBeLessThan(await endInRedis(world))
  })

  test('is dead before the lease ends when lock run is stopped', async () => {
    const world = await World.make(REDIS_ALONE)
    const { run, files } = await startStubborn(world, '2')
    run.signal('SIGSTOP')
    const end = await soon(async () => {
      const until = await endInRedis(world)
      return Date.now() > until + 200 ? until : null
    })
    expect(lastBeat(files)).toBeLessThan(end)
    await expectDead(files)
    run.signal('SIGCONT')
    expect((await run.ended()).code).toBe(14)
  })

  test('is ended when its lease is taken away', async () => {
    const world = await World.make(REDIS_ALONE)
    const { run, files } = await startStubborn(world, '3')
    await world.ok('lock', 'force-release', 'deploy', '--yes')
    const { code, stderr } = await run.ended()
    expect({ code, stderr }).toMatchObject({ code: 14, stderr: expect.stringMatching(/was lost: nobody has the lease/) as string })
    await expectDead(files)
  })

  test('leaves nothing of its group behind when it ends by itself', async () => {
    const world = await World.make(REDIS_ALONE)
    const file = `${world.root}/beats`
    const script = `trap '' TERM; (while :; do date +%s%N >> "$1"; sleep 0.02; done) & until [ -s "$1" ]; do sleep 0.02; done`
    expect((await world.run('lock', 'run', 'deploy', '--ttl', '2', '--', 'sh', '-c', script, 'sh', file)).code).toBe(0)
    await expectDead([file])
  })
})

describe('a Redis that comes back empty while a lease is held', () => {
  test.each(long ? [REDIS_AND_HUB, REDIS_ALONE] : [REDIS_ALONE])('grants it to nobody else, and no lower fence: $name', async (setUp) => {
    const world = await World.make(setUp)
    const { run, files } = await startStubborn(world, '6')
    const { fence } = await world.json<{ fence: number }>('lock', 'status', 'deploy')
    await world.redis.restart({ wipe: true })
    const taken = await soon(async () => {
      const ran = await world.run('lock', 'acquire', 'deploy', '--json')
      return ran.code === 69 ? null : ran
    })
    expect(taken.code).toBe(10)
    expect(await world.json('lock', 'status', 'deploy')).toMatchObject({ held: true, fence })
    expect(run.hasEnded()).toBe(false)
    const beats = lastBeat(files)
    await soon(() => lastBeat(files) > beats + 4_000, 'a command that goes on over a renewal')
    run.signal('SIGKILL')
    const next = await world.json<{ fence: number }>('lock', 'acquire', 'deploy', '--wait', '30')
    expect(next.fence).toBeGreaterThan(fence)
    expect((await world.run('set', 'mary', 'a=2', '--fence', `deploy:${fence}`)).code).toBe(14)
  })

  test('knows of one that a release has granted to whoever waited, and of the one who did not wait for it', async () => {
    const world = await World.make(REDIS_ALONE)
    const [one, other, third] = [await surroundingsOf(world), await surroundingsOf(world), await surroundingsOf(world)]
    const { token } = await acquireLock(one, { name: 'deploy', ttlMs: 60_000 })
    const waiting = acquireLock(other, { name: 'deploy', ttlMs: 60_000, waitMs: 60_000 })
    const client = await world.redis.client()
    const waiters = async (): Promise<number> => (await client.hkeys('memory:lease:deploy')).filter((field) => field.startsWith('offer:')).length
    await soon(async () => (await waiters()) === 1)
    const end = new AbortController()
    const leaving = acquireLock(third, { name: 'deploy', ttlMs: 60_000, waitMs: 60_000, signal: end.signal }).catch((error: unknown) => error)
    await soon(async () => (await waiters()) === 2)
    await releaseLock(one, { name: 'deploy', token })
    const next = await waiting
    expect(await client.hget('memory:lease:deploy', 'handed')).not.toBe('')
    client.disconnect()
    end.abort()
    await leaving
    await world.redis.restart({ wipe: true })
    const view = await soon(async () => {
      expect((await world.run('lock', 'acquire', 'deploy')).code).toBe(10)
      return other.memory.leases.look('deploy')
    })
    expect(view).toMatchObject({ fence: next.fence, holder: { leftMs: expect.any(Number) as number }, queue: [] })
    await releaseLock(other, { name: 'deploy', token: next.token })
  })

  test('waits for the other root through which leases were granted', async () => {
    const [here, there] = await Promise.all([World.make(REDIS_ALONE), makeTempFolder('ms-')])
    const other = { root: there, redis: here.redis.url }
    await here.ok('lock', 'acquire', 'x', '--ttl', '60')
    const held = JSON.parse((await runCli(['lock', 'acquire', 'deploy', '--ttl', '60', '--json'], other)).stdout) as { fence: number; token: string }
    await here.ok('lock', 'acquire', 'y', '--ttl', '60') // and so this root learns of the other
    await here.redis.restart({ wipe: true })
    const withheld = await soon(async () => {
      const ran = await here.run('lock', 'acquire', 'deploy', '--json')
      return ran.code === 69 ? null : ran
    })
    expect(withheld.code).toBe(10)
    expect(await here.json('lock', 'status', 'deploy')).toMatchObject({ held: false, withheldMs: expect.any(Number) as number })
    const renewed = await runCli(['lock', 'renew', 'deploy', '--token', held.token, '--json'], other)
    expect(JSON.parse(renewed.stdout)).toMatchObject({ fence: held.fence })
    expect(await here.json('lock', 'status', 'deploy')).toMatchObject({ held: true, fence: held.fence })
    expect((await here.run('lock', 'acquire', 'deploy')).code).toBe(10)
    const fresh = await here.json<JsonObject & { fence: number }>('lock', 'acquire', 'z')
    expect(fresh.fence).toBeGreaterThan(held.fence)
  })
})
