import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { processesIn } from '../support/processes-in.js'
import { startCli } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'

const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

const nothingIsLeft = async (folder: string): Promise<void> => {
  expect(await readdir(folder)).toEqual([])
  expect(await processesIn(folder)).toEqual([])
}

describe('a tour', () => {
  test('shows both agents, and leaves nothing behind', async () => {
    const root = await makeTempFolder()
    const { code, stdout } = await startCli(['quickstart'], { root, env: { TMPDIR: root } }).ended()
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Two agents wrote') as string })
    await nothingIsLeft(root)
  })

  test.each([
    ['wants JSON', { MEMORY_SYNC_CONTENT_TYPE: 'json' }],
    ['names a namespace', { MEMORY_SYNC_NAMESPACE: 'team1' }],
  ])('goes on as ever where the environment %s', async (_, env) => {
    const root = await makeTempFolder()
    const { code, stdout } = await startCli(['quickstart'], { root, env: { TMPDIR: root, ...env } }).ended()
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Two agents wrote') as string })
    await nothingIsLeft(root)
  })

  test.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)('leaves no process and no folder behind when %s ends it while its hub runs', async (signal) => {
    const root = await makeTempFolder()
    const tour = startCli(['quickstart'], { root, env: { TMPDIR: root } })
    await eventually(() => tour.stdout().includes(' ready: '), { timeoutMs: 30_000 })
    expect(await processesIn(root)).not.toEqual([])
    tour.signal(signal)
    expect(await tour.ended()).toMatchObject({ code: CODES[signal] })
    await nothingIsLeft(root)
  })

  test('nor when it is ended while its Redis starts', async () => {
    const root = await makeTempFolder()
    const tour = startCli(['quickstart'], { root, env: { TMPDIR: root } })
    await eventually(async () => (await readdir(root)).length > 0, { timeoutMs: 30_000, intervalMs: 1 })
    tour.signal('SIGTERM')
    expect(await tour.ended()).toMatchObject({ code: CODES.SIGTERM })
    await nothingIsLeft(root)
  })

  test('nor when Ctrl-C reaches everything that it has started at once', async () => {
    const root = await makeTempFolder()
    const tour = startCli(['quickstart'], { root, env: { TMPDIR: root }, via: ['setsid'] })
    await eventually(() => tour.stdout().includes(' ready: '), { timeoutMs: 30_000 })
    process.kill(-tour.pid, 'SIGINT')
    expect(await tour.ended()).toMatchObject({ code: CODES.SIGINT })
    await nothingIsLeft(root)
  })
})
