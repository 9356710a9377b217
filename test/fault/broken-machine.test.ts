/** A disk that is full, cannot be written or reports errors, and a process without files left: an error or an honest reply, and no waiting. */
import { execFile, execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import net from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { afterwards } from '../support/cleanup.js'
import { environmentOf, type ProgramOptions, type Ran, startCli, startHub } from '../support/program.js'
import { startRedis } from '../support/redis.js'
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk.js'
import { type Context, FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, type SetUp, soon, World } from '../support/world.js'

const LIBRARY = new URL('../../dist/index.js', import.meta.url).href

/** A command that takes longer hangs. */
const HANGS_MS = 10_000

const noDisk = whyNoSmallDisk()
if (noDisk !== null) console.warn(`broken machine: NOT TESTED are a full and a read-only disk: ${noDisk}`)
const noStrace = whyNoStrace()
if (noStrace !== null) console.warn(`broken machine: NOT TESTED are disks that report errors: ${noStrace}`)

function whyNoStrace(): string | null {
  try {
    execFileSync('strace', ['-f', '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO', 'true'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `strace cannot be used here: ${String(error).slice(0, 200)}`
  }
}

/** Adds one again and again, and keeps account of what it was told. */
class Adding {
  acknowledged = 0
  refused = 0

  constructor(
    readonly world: World,
    private readonly options: Partial<ProgramOptions> = {},
  ) {}

  /** Refusals are errors with a reason, and nothing takes long. */
  async once(options: Partial<ProgramOptions> = {}): Promise<{ code: number | null; durability?: string; journal?: boolean }> {
    const began = performance.now()
    const { code, stdout, stderr } = await this.world.runWith({ ...this.options, ...options }, 'set', 'mary', 'n+=1', '--json')
    expect(performance.now() - began, `${stdout}${stderr}`).toBeLessThan(HANGS_MS)
    if (code !== 0) {
      this.refused++
      return { code }
    }
    this.acknowledged++
    return { code, ...(JSON.parse(stdout) as object) }
  }

  async read(): Promise<number> {
    const { stdout } = await this.world.runWith(this.options, 'get', 'agents.mary.context.n')
    return Number(stdout)
  }
}

async function onSmallDisk(setUp: SetUp): Promise<{ disk: SmallDisk; adding: Adding; hub: Awaited<ReturnType<typeof startHub>> | null }> {
  const world = setUp.redis ? await World.around(await startRedis({ aof: true })) : await World.make(FILES_ALONE)
  const disk = await SmallDisk.over(world.root, 1024)
  const { via } = disk
  const hub = setUp.hub ? await startHub({ ...world.options, via }) : null
  return { disk, adding: new Adding(world, { via }), hub }
}

const SET_UPS = [REDIS_AND_HUB, REDIS_ALONE, FILES_AND_HUB, FILES_ALONE]

test.skipIf(noDisk !== null)('a full disk is told by the library as one of its errors, whatever is asked for', async () => {
  const world = await World.make(FILES_ALONE)
  const disk = await SmallDisk.over(world.root, 1024)
  await world.runWith({ via: disk.via }, 'update', 'mary', '{"n":1}')
  disk.fill()
  const program = `
    import { MemoryError, openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory({ by: 'program' })
    const { rev } = (await memory.getUnifiedContext()).agents.mary
    const calls = [
      () => memory.updateAgentContext('mary', { n: 2, text: 'x'.repeat(9000) }),
      () => memory.updateAgentContext('mary', { n: 2 }, { ifRev: rev }),
      () => memory.record('mary', { id: 'T1', outcome: 'completed', result: 'x'.repeat(9000) }),
      () => memory.acquireLease('report'),
    ]
    const told = []
    for (const call of calls) await call().then(() => told.push('done'), (error) => told.push(error instanceof MemoryError ? error.code : String(error)))
    await memory.close()
    console.log(JSON.stringify(told))`
  const [nsenter = '', ...via] = disk.via
  const { stdout } = await promisify(execFile)(nsenter, [...via, process.execPath, '--input-type=module', '-e', program], { env: environmentOf(world.options) })
  expect(JSON.parse(stdout)).toEqual(['unavailable', 'unavailable', 'unavailable', 'unavailable'])
})

describe.skipIf(noDisk !== null).each(SET_UPS)('with $name, a disk', (setUp) => {
  test('that is full takes nothing that it does not keep, and everything is well when there is room again', async () => {
    const { disk, adding, hub } = await onSmallDisk(setUp)
    await adding.once()
    disk.fill()
    for (let n = 0; n < 3; n++) {
      const { code, journal } = await adding.once()
      // Either nothing took it, or Redis did, and that is said. Now and then a line still fits into a page that the journal has.
      expect([69, 0]).toContain(code)
      if (code === 0 && setUp.redis && journal === undefined) expect(await readFile(`${disk.seen}/shared_memory/.memory_sync/journal`, 'utf8')).toContain('"rev"')
    }
    expect(await adding.read()).toBe(adding.acknowledged)
    const health = await adding.world.runWith({ via: disk.via }, 'health')
    expect({ code: health.code, stdout: health.stdout }).toMatchObject({ code: 1, stdout: expect.stringMatching(/❌ (Disk nearly full|Root takes no writes)/) })
    await isWholeFile(disk)
    disk.free()
    expect(await adding.once()).toMatchObject({ code: 0 })
    await soon(async () => (await isWholeFile(disk)).agents['mary']?.context?.['n'] === adding.acknowledged, `${adding.acknowledged} in the file`)
    expect(await adding.read()).toBe(adding.acknowledged)
    expect(hub?.hasEnded() ?? false).toBe(false)
    const often = (text: string): number => hub?.stdout().split(text).length ?? 1
    expect(often('a round failed'), hub?.stdout()).toBeLessThanOrEqual(often('rounds succeed again') + 1)
  })

  test('that can only be read refuses writes, shows what is there, and goes on when it can be written again', async () => {
    const { disk, adding, hub } = await onSmallDisk(setUp)
    await adding.once()
    await disk.setReadOnly(true)
    for (let n = 0; n < 2; n++) {
      const { code, journal } = await adding.once()
      if (!setUp.hub || !setUp.redis) expect(code).toBe(69)
      else if (code === 0) expect(journal).toBe(false)
    }
    expect(await adding.read()).toBe(adding.acknowledged)
    const health = await adding.world.runWith({ via: disk.via }, 'health')
    expect({ code: health.code, stdout: health.stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('❌ Root takes no writes') })
    await disk.setReadOnly(false)
    expect(await adding.once()).toMatchObject({ code: 0 })
    expect(await adding.read()).toBe(adding.acknowledged)
    expect(hub?.hasEnded() ?? false).toBe(false)
  })
})

test.skipIf(noDisk !== null)('with Redis and hub, a full disk makes every command that writes warn: Redis alone has it', async () => {
  const { disk, adding } = await onSmallDisk(REDIS_AND_HUB)
  const { world } = adding
  await adding.once()
  disk.fill()
  const long = 'x'.repeat(4_000) // no page has room for it
  const items = `prp_tracking:\n  T2: {title: ${long}, status: new}\n`
  const writes: [string[], string?][] = [
    [['set', 'mary', `note=${long}`]],
    [['task', 'add', 'T1', long]],
    [['task', 'import', '-'], items],
    [['task', 'validate', 'T1', '--idempotency-key', 'k'.repeat(120)]],
  ]
  for (const [args, input] of writes) {
    const { code, stdout } = await world.runWith({ via: disk.via, ...(input !== undefined && { input }) }, ...args, '--json')
    const warnings = ['Redis has the write, but the disk refused the journal line']
    expect({ args: args.slice(0, 2), code, reply: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, reply: { journal: false, warnings } })
  }
  disk.free()
})

test.skipIf(noDisk !== null)('with Redis and hub, a disk that is full keeps nobody from what Redis has: it is read, watched, and said to be there alone', async () => {
  const { disk, adding } = await onSmallDisk(REDIS_AND_HUB)
  const { world } = adding
  await adding.once()
  disk.fill()
  const watcher = startCli(['watch', '--count', '8'], { ...world.options, via: disk.via })
  await soon(() => watcher.stderr().includes('watching'), 'the watcher follows')
  const note = 'x'.repeat(4_000) // no page has room for it
  for (let n = 1; n <= 8; n++) {
    const { code, stdout } = await world.runWith({ via: disk.via }, 'set', 'mary', `note=${n}${note}`, '--json')
    expect({ code, journal: (JSON.parse(stdout) as { journal?: boolean }).journal }).toEqual({ code: 0, journal: false })
    expect((await world.runWith({ via: disk.via }, 'get', 'agents.mary.context.note')).stdout).toContain(`${n}xxx`)
  }
  expect(await watcher.ended()).toMatchObject({ code: 0 })
  disk.free()
  expect(await adding.once()).toMatchObject({ code: 0 })
  await soon(async () => (await isWholeFile(disk)).agents['mary']?.context?.['n'] === 2, 'the file is up to date')
})

/** A hub has the lock already, and now and then a line still fits into a page that the journal has: then it is kept, and that is right. */
describe.skipIf(noDisk !== null).each([FILES_AND_HUB, FILES_ALONE])('with $name, a disk that is full', (setUp) => {
  test('gives no lease and takes no item that it does not keep, and calls neither a defect', async () => {
    const { disk, adding } = await onSmallDisk(setUp)
    const { world } = adding
    const run = (...args: string[]): Promise<Ran> => world.runWith({ via: disk.via }, ...args)
    await adding.once()
    disk.fill()
    const [acquired, added] = [await run('lock', 'acquire', 'build'), await run('task', 'add', 'x')]
    for (const { code, stderr } of [acquired, added]) {
      expect(setUp.hub ? [69, 0] : [69], stderr).toContain(code)
      if (code === 69) expect(stderr).toMatch(/ENOSPC[^]*free space/)
    }
    expect((await run('lock', 'status', 'build')).stdout).toContain(acquired.code === 0 ? 'fence' : 'free')
    expect((await run('task', 'list', '--json')).stdout.includes('"x"')).toBe(added.code === 0)
    disk.free()
    if (acquired.code !== 0) expect(await run('lock', 'acquire', 'build')).toMatchObject({ code: 0 })
    if (added.code !== 0) expect(await run('task', 'add', 'x')).toMatchObject({ code: 0 })
  })
})

describe.skipIf(noDisk !== null).each([REDIS_AND_HUB, REDIS_ALONE])('with $name, a sync', (setUp) => {
  test('on a disk that is full, or can only be read, says so, and is no defect', async () => {
    const { disk, adding } = await onSmallDisk(setUp)
    const sync = (): Promise<Ran> => adding.world.runWith({ via: disk.via }, 'sync')
    await adding.once()
    expect(await sync()).toMatchObject({ code: 0 })
    disk.fill()
    await adding.once()
    // Without anything to write, a full disk takes it all.
    const full = await sync()
    expect([69, 0], full.stderr).toContain(full.code)
    disk.free()
    await disk.setReadOnly(true)
    await (await adding.world.redis.client()).hset('memory:agents:mary', 'seen', '1') // there is something to write
    const { code, stderr } = await sync()
    expect(code, stderr).toBe(69)
    expect(stderr).toMatch(/EROFS[^]*permissions/)
    await disk.setReadOnly(false)
    await soon(async () => (await sync()).code === 0)
  })
})

/** It always parses, and has no less than it had. */
const isWholeFile = async (disk: SmallDisk): Promise<Context> =>
  JSON.parse(await readFile(`${disk.seen}/shared_memory/context.json`, 'utf8')) as Context

/** The journal takes no line: the write is refused. Or only what comes after it fails: the write is kept, and the next one mends the rest. */
const ERRORS: [call: string, atJournal: boolean, code: number][] = [
  ['write', true, 69],
  ['openat', true, 69],
  ['fsync', false, 0],
  ['rename', false, 0],
  ['link', false, 0],
]

describe.skipIf(noStrace !== null).each([FILES_ALONE, REDIS_ALONE])('with $name, a disk that reports errors', (setUp) => {
  test.each(ERRORS)('at %s is told of, or what is acknowledged is there afterwards', async (call, atJournal, code) => {
    const world = await World.make(setUp)
    const adding = new Adding(world)
    await adding.once()
    const only = atJournal ? ['-P', `${world.root}/shared_memory/.memory_sync/journal`] : []
    const via = ['strace', '-f', '-qq', '-o', '/dev/null', ...only, '-e', `trace=${call}`, '-e', `inject=${call}:error=EIO`]
    expect(await adding.once({ via })).toMatchObject({ code })
    expect(await adding.read()).toBe(adding.acknowledged)
    await adding.once()
    const context = await world.quiet()
    expect(context.agents['mary']?.context?.['n']).toBe(adding.acknowledged)
  })
})

describe('without files left', () => {
  test.each([FILES_ALONE, REDIS_ALONE])('a command ($name) writes, or says that it did not', async (setUp) => {
    const world = await World.make(setUp)
    const adding = new Adding(world)
    await adding.once()
    for (const limit of [24, 18]) await adding.once({ via: ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'] })
    const kept = await adding.read()
    expect(kept).toBeGreaterThanOrEqual(adding.acknowledged)
    expect(kept).toBeLessThanOrEqual(adding.acknowledged + adding.refused)
    expect(await adding.once()).toMatchObject({ code: 0 })
  })

  test('a hub keeps nobody waiting, and serves again when others have let go of theirs', async () => {
    const world = await World.around(await startRedis({ aof: true }))
    const hub = await startHub({ ...world.options, via: ['sh', '-c', 'ulimit -n 120; exec "$@"', 'sh'] })
    const adding = new Adding(world)
    await adding.once()
    const sockets = Array.from({ length: 160 }, () => net.connect(`${world.root}/shared_memory/.memory_sync/hub.sock`).on('error', () => undefined))
    afterwards(() => {
      for (const socket of sockets) socket.destroy()
    })
    // Connected, or refused: what cannot be queued any more is refused at once.
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))))
    // Past the hub it is kept; what the hub took and could not write down is refused.
    for (let n = 0; n < 3; n++) expect([0, 69]).toContain((await adding.once()).code)
    for (const socket of sockets) socket.destroy()
    expect(hub.hasEnded()).toBe(false)
    await soon(async () => (await world.json<{ running: boolean }>('hub', 'status').catch(() => null))?.running === true, 'a hub that answers again')
    expect(await adding.once()).toMatchObject({ code: 0, durability: 'redis' })
    expect(await adding.read()).toBe(adding.acknowledged)
  })
})
