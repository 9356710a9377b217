import { mkdir, readFile, readdir, rename, symlink, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Arena } from '../../src/selftest/arena.js'
import { findProgram } from '../../src/platform/children.js'
import { type SelftestOptions, runSelftest } from '../../src/selftest/run.js'
import { formatVerdict, type Verdict } from '../../src/selftest/verdict.js'
import { runs } from '../support/budget.js'
import { eventually } from '../support/eventually.js'
import { processesIn } from '../support/processes-in.js'
import { runCli, startCli } from '../support/program.js'
import { startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const SEED = Number(process.env['MEMORY_SYNC_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000))
console.log(`selftest: MEMORY_SYNC_TEST_SEED=${SEED}`)

async function selftest(options: Partial<SelftestOptions> & Pick<SelftestOptions, 'scenario' | 'numbers'>): Promise<Verdict> {
  const temporary = await makeTempFolder('mss-')
  const verdict = await runSelftest({
    place: { program: [process.execPath, BIN], env: { PATH: process.env['PATH'] }, temporary },
    ...{ seed: SEED, long: false, withoutRedis: false, keep: false, say: () => undefined, signal: new AbortController().signal },
    ...options,
  })
  expect(await readdir(temporary), 'nothing is left').toEqual([])
  return verdict
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0)

describe('a short selftest', () => {
  test('race: everything is kept in every mode', async () => {
    const verdict = await selftest({ scenario: 'race', numbers: { writers: 5, updates: 5 } })
    expect(verdict.ok, formatVerdict(verdict)).toBe(true)
    expect(verdict.parts.map(({ mode }) => mode)).toEqual(['redis-and-hub', 'redis-alone', 'redis-and-hub-at-times', 'files-and-hub', 'files-alone'])
  })

  test('crash: fifty kills cost nothing that was acknowledged', async () => {
    const kills = runs(52, 16)
    const verdict = await selftest({ scenario: 'crash', numbers: { writers: 2, kills } })
    expect(verdict.ok, formatVerdict(verdict)).toBe(true)
    expect(sum(verdict.parts.map((part) => part.kills.writers + part.kills.hub))).toBeGreaterThanOrEqual(kills)
  })

  test('switch: a Redis that is killed, stopped, emptied and set back costs nothing either', async () => {
    const verdict = await selftest({ scenario: 'switch', numbers: { writers: 4, seconds: 8 } })
    expect(verdict.ok, formatVerdict(verdict)).toBe(true)
    expect(sum(verdict.parts.map((part) => part.kills.redis))).toBeGreaterThanOrEqual(5)
  })
})

describe('the verdict can fail:', () => {
  const numbers = { writers: 2, updates: 4 } // in a race every write is acknowledged

  test('a write whose trace is taken out is missed', async () => {
    const verdict = await selftest({ scenario: 'race', numbers, mode: 'files-and-hub', meddle: forgetOneWrite, quietMs: 300 })
    expect(verdict).toMatchObject({ ok: false, parts: [{ lost: 1, twice: 0 }] })
    expect(verdict.parts[0]!.kept).toBe(verdict.parts[0]!.acknowledged - 1)
    expect(formatVerdict(verdict)).toMatch(/❌ files-and-hub: write 1 of w1 was acknowledged and is not there\n❌ Not everything/)
  })

  test('one that is in Redis only is not called lost', async () => {
    const verdict = await selftest({ scenario: 'race', numbers, mode: 'redis-and-hub', meddle: forgetOneWrite, quietMs: 300 })
    expect(verdict).toMatchObject({ ok: false, parts: [{ lost: 0, onOneSide: 1, fileEqualsRedis: false }] })
    expect(formatVerdict(verdict)).toContain('write 1 of w1 was acknowledged and is in Redis, not in the file')
  })

  test('a hash that somebody changes while nobody replicates is told', async () => {
    const meddle = async (arena: Arena): Promise<void> => {
      await arena.endProcesses()
      await (await arena.redis()).call((client) => client.hset('memory:agents:w1', 'status', 'meddled'))
    }
    const verdict = await selftest({ scenario: 'race', numbers, mode: 'redis-and-hub', meddle, quietMs: 300 })
    expect(verdict).toMatchObject({ ok: false, parts: [{ lost: 0, onOneSide: 0, fileEqualsRedis: false }] })
    expect(formatVerdict(verdict)).toContain('w1: status differs between file and Redis')
  })
})

/** The digit that stands for the first write of w1. */
async function forgetOneWrite(arena: Arena): Promise<void> {
  await arena.endProcesses()
  const text = await readFile(arena.file, 'utf8')
  await writeFile(`${arena.file}.new`, text.replace(/("w1-n0": [01]*)1(0)(?=[,\n])/, '$10$2'))
  await rename(`${arena.file}.new`, arena.file) // the selftest looks at it all the while
}

describe('the command', () => {
  test('prints its verdict as JSON, with nothing on stderr, and exits 0', async () => {
    const root = await makeTempFolder()
    const env = { TMPDIR: root }
    const { code, stdout, stderr } = await runCli(['selftest', 'race', '--writers', '2', '--updates', '3', '--redis', 'off', '--mode', 'files-alone', '--seed', '5', '--json'], { root, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, scenario: 'race', seed: 5, redis: 'none' })
    expect(await readdir(root)).toEqual([])
  })

  test.each([
    ['writers', '0', 'expects 1 to 1000, not 0'],
    ['writers', '1001', 'expects 1 to 1000, not 1001'],
    ['updates', '0', 'expects 1 to 10000, not 0'],
    ['kills', '10001', 'expects 1 to 10000, not 10001'],
    ['seconds', '86401', 'expects 1 to 86400, not 86401'],
    ['seconds', '-1', 'expects a whole number'],
  ])('refuses --%s %s, and makes nothing', async (flag, number, message) => {
    const root = await makeTempFolder()
    const refused = await runCli(['selftest', 'race', `--${flag}=${number}`], { root, env: { TMPDIR: root } })
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`--${flag} ${message}`) })
    expect(await readdir(root)).toEqual([])
  })

  test('leaves no process and no file behind when it is interrupted', async () => {
    const root = await makeTempFolder()
    const program = startCli(['selftest', 'crash'], { root, env: { TMPDIR: root } })
    await eventually(() => /[1-9]\d* writes acknowledged/.test(program.stderr()), { timeoutMs: 30_000 })
    expect(await processesIn(root)).not.toEqual([])
    program.signal('SIGINT')
    expect(await program.ended()).toMatchObject({ code: 130 })
    expect(await readdir(root)).toEqual([])
    expect(await processesIn(root)).toEqual([])
  })

  test('uses a given Redis under keys of its own, and removes them', async () => {
    const root = await makeTempFolder()
    const server = await startRedis()
    const client = await server.client()
    await client.hset('memory:agents:mary', 'status', 'active')
    const args = ['selftest', 'crash', '--kills', '2', '--writers', '2', '--mode', 'redis-and-hub', '--redis-url', server.url, '--json']
    const { code, stdout } = await runCli(args, { root, env: { TMPDIR: root } })
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, redis: 'given' })
    expect(await client.keys('*')).toEqual(['memory:agents:mary'])
    expect(await runCli(['selftest', 'switch', '--redis-url', server.url], { root })).toMatchObject({ code: 2, stderr: expect.stringContaining('private') })
  })

  test('starts a Valkey where that is all there is', async () => {
    const root = await makeTempFolder()
    await mkdir(`${root}/bin`)
    // To it, valkey-server is a name: what counts is that it is found by it.
    await symlink(findProgram(process.env['MEMORY_SYNC_TEST_REDIS_SERVER'] ?? 'redis-server', process.env['PATH'] ?? '')!, `${root}/bin/valkey-server`)
    const args = ['selftest', 'race', '--writers', '2', '--updates', '2', '--mode', 'redis-alone', '--json']
    const { code, stdout } = await runCli(args, { root, env: { PATH: `${root}/bin`, TMPDIR: root } })
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, redis: 'private' })
  })

  test('refuses a root that holds something else, and does not touch it', async () => {
    const root = await makeTempFolder()
    await mkdir(`${root}/shared_memory`)
    await writeFile(`${root}/shared_memory/context.json`, '{"agents":{"mary":{}}}\n')
    const refused = await runCli(['selftest', 'race', '--root', root], { root })
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no selftest has made') })
    expect(await readFile(`${root}/shared_memory/context.json`, 'utf8')).toBe('{"agents":{"mary":{}}}\n')
  })
})
