import { access, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { examine } from '../../src/health/report.js'
import { gatherFacts } from '../../src/memory/health-facts.js'
import { readManifest } from '../repo/repository.js'
import { HEALTH_CASES, type Level } from '../support/health-cases.js'
import { environmentOf, type ProgramOptions } from '../support/program.js'
import { FILES_ALONE, FILES_AND_HUB, REDIS_ALONE, REDIS_AND_HUB, soon, World } from '../support/world.js'

const { version } = readManifest()

interface Report {
  healthy: boolean
  findings: { name: string; level: Level; text: string; wayOut?: string }[]
}

/** In this process, unless the world is another one there (its clock, its disk). */
async function lookAgain(world: World, options: Partial<ProgramOptions>): Promise<Report> {
  if (options.env?.['NODE_OPTIONS'] !== undefined) return look(world, options)
  const env = environmentOf({ ...world.options, ...options, env: { ...world.options.env, ...options.env } })
  return examine(await gatherFacts({ root: world.root, env, version }))
}

async function look(world: World, options: Partial<ProgramOptions>): Promise<Report> {
  const { code, stdout, stderr } = await world.runWith(options, 'health', '--json')
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as Report
  const isBad = report.findings.some(({ level }) => level === 'bad')
  expect({ code, healthy: report.healthy }).toEqual(isBad ? { code: 1, healthy: false } : { code: 0, healthy: true })
  return report
}

const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false)

const findingOf = ({ findings }: Report, check: string): Report['findings'][number] | undefined =>
  findings.find(({ name }) => name === check)

test('of a Redis that runs and refuses, health says what is to be done there, and not that it is to be started', async () => {
  const world = await World.make(REDIS_ALONE)
  const client = await world.redis.client()
  await client.config('SET', 'maxclients', 1)
  const finding = findingOf(await look(world, {}), 'redis-connection')
  expect(finding).toMatchObject({ level: 'bad', text: expect.stringContaining('has no connection left'), wayOut: expect.stringContaining('maxclients') })
  await client.config('SET', 'maxclients', 100)
  expect(findingOf(await look(world, {}), 'redis-connection')).toMatchObject({ level: 'ok' })
})

describe('health --fix', () => {
  const fixOf = async (world: World): Promise<{ done: string[]; left: string[]; all: string }> => {
    const { stdout } = await world.run('health', '--fix', '--json')
    return { ...(JSON.parse(stdout) as { fix: { done: string[]; left: string[] } }).fix, all: stdout }
  }

  test('says that it has put context.json back', async () => {
    const world = await World.make(FILES_ALONE)
    await world.ok('set', 'mary', 'a=1')
    await rm(world.file)
    expect((await fixOf(world)).done).toContain(`put ${world.file} back`)
    expect((await fixOf(world)).done).toEqual([])
  })

  test('says of what it has mended that it is done, and the next one has nothing to say', async () => {
    const world = await World.make(FILES_ALONE)
    await world.ok('set', 'mary', 'a=1')
    await world.run('health', '--fix')
    await writeFile(world.file, '{')
    await utimes(world.file, 1, 1)
    await writeFile(`${world.root}/shared_memory/.memory_sync/state.json`, '{"replica"')
    const { done, left } = await fixOf(world)
    expect(left).toEqual([])
    expect(done).toContainEqual(expect.stringMatching(/^context\.json cannot be read .*, and restored$/))
    expect(done).toContainEqual(expect.stringMatching(/^the saved state cannot be read .*set aside as/))
    expect(await fixOf(world)).toMatchObject({ done: [], left: [] })
  })

  test('says of a file that it has set aside, and for which there is no other, that it is left', async () => {
    const world = await World.make(FILES_ALONE, {
      before: async (root) => {
        await mkdir(`${root}/shared_memory`, { recursive: true })
        await writeFile(`${root}/shared_memory/context.json`, '{"agents":{"mary":')
        await utimes(`${root}/shared_memory/context.json`, 1, 1)
      },
    })
    const { done, left } = await fixOf(world)
    expect(done.join()).not.toContain('context.json cannot be read')
    expect(left).toContainEqual(expect.stringMatching(/^context\.json cannot be read .*: set aside as .*, and what is known here takes its place$/))
  })

  test('leaves to a hub that is stopped what is its own, and promises nothing', async () => {
    const world = await World.make(FILES_AND_HUB)
    await world.ok('set', 'mary', 'a=1')
    await world.quiet()
    world.hub!.signal('SIGSTOP')
    await rm(world.file)
    const { left, all } = await fixOf(world)
    expect(left).toContainEqual(expect.stringMatching(/the file and the journal: .*does not answer/))
    expect(all).toContain('context.json is missing')
    expect(all).not.toContain('any write, or memory_sync health --fix')
    expect(await exists(`${world.root}/shared_memory/.memory_sync/hub.sock`)).toBe(true)
    world.hub!.signal('SIGCONT')
    await soon(() => exists(world.file), 'the hub puts it back')
  })

  test('leaves what failed, and says where a link leads that keeps the file from being made', async () => {
    const world = await World.make(FILES_ALONE)
    await world.ok('set', 'mary', 'a=1')
    await rm(world.file)
    await symlink(`${world.root}/nowhere/c.json`, world.file)
    const { done, left, all } = await fixOf(world)
    expect(left).toEqual([expect.stringContaining('a round failed')])
    expect(done.join('\n')).not.toContain('failed')
    expect(all).toContain(`context.json is a link to ${world.root}/nowhere/c.json`)
    expect(all).not.toContain('puts it back')
  })

  test('moves nothing through a link', async () => {
    const world = await World.make(FILES_ALONE)
    await world.ok('set', 'mary', 'a=1')
    const ours = `${world.root}/shared_memory/.memory_sync`
    await mkdir(`${world.root}/elsewhere`)
    await symlink(`${world.root}/elsewhere`, `${ours}/salvage`)
    await writeFile(`${ours}/state.json.tmp`, 'half')
    await utimes(`${ours}/state.json.tmp`, 1, 1)
    const { left } = await fixOf(world)
    expect(left).toContainEqual(expect.stringContaining(`${ours}/salvage is a link`))
    expect(await readdir(`${world.root}/elsewhere`)).toEqual([])
    expect(await readFile(`${ours}/state.json.tmp`, 'utf8')).toBe('half')
  })
})

describe('health', () => {
  test.each(HEALTH_CASES)('$check is $is when $when, and well again afterwards', async ({ check, setUp, password, harm, is, mend }) => {
    const world = await World.make(setUp, password === undefined ? {} : { password })
    await world.ok('set', 'mary', 'a=1')
    const broken = findingOf(await look(world, (await harm(world)) ?? {}), check)
    expect(broken).toMatchObject({ level: is, wayOut: expect.any(String) })
    const mended = findingOf(await lookAgain(world, (await mend(world)) ?? {}), check)
    expect(mended).toMatchObject({ level: 'ok' })
    expect(mended?.text).not.toBe(broken?.text)
  })

  test('of a whole system is all green, and says it as its legacy readers expect it', async () => {
    const world = await World.make(REDIS_AND_HUB, { password: 'one of our own' })
    await (await world.redis.client()).config('SET', 'appendfsync', 'everysec')
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
