import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

/** Says when it is ready, waits for the word, does what it is told, closes, and has to end by itself. */
const PROGRAM = `
  import { connectRedis } from './src/store/redis/connection.js'
  import { RedisStore } from './src/store/redis/store.js'
  const [socket, what] = process.argv.slice(2)
  const connect = () => connectRedis({ endpoint: { socket: socket! } })
  const word = () => new Promise<void>((resolve) => {
    process.stdout.write('ready')
    process.stdin.once('data', () => {
      process.stdin.destroy()
      resolve()
    })
  })
  async function run() {
    if (what === 'connect') {
      await word()
      await connect().catch(() => undefined)
      return
    }
    const store = new RedisStore(await connect())
    const stop = await store.listen({ changed() {}, touched() {}, lost() {} })
    await word()
    if (what === 'ask') await store.hello().catch(() => undefined)
    await stop()
    await store.close()
  }
  void run()
`

/** The budget of 200 ms, and what a process takes to end on a busy machine; ioredis alone would take 2 s. */
const PATIENCE_MS = 1_000

describe('a process whose server falls silent ends by itself', () => {
  let program: string
  let server: RedisServer

  beforeAll(async () => {
    program = `${await makeTempFolder()}/program.cjs`
    await build({
      stdin: { contents: PROGRAM, resolveDir: process.cwd(), loader: 'ts' },
      ...{ bundle: true, platform: 'node', format: 'cjs', outfile: program },
      ...{ mainFields: ['module', 'main'], loader: { '.lua': 'text' } },
    })
    server = await startRedis()
  })

  const start = (what: string): ChildProcess =>
    spawn(process.execPath, [program, server.socketPath, what], { stdio: ['pipe', 'pipe', 'inherit'] })

  it.each([
    ['when it cannot connect', 'connect'],
    ['when it closes its connections', 'close'],
    ['when it asks in vain, and closes its connections', 'ask'],
  ])('%s', async (_, what) => {
    const child = start(what)
    await once(child.stdout!, 'data')
    await server.kill('SIGSTOP')
    const since = performance.now()
    child.stdin!.write('go')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(performance.now() - since).toBeLessThan(PATIENCE_MS)
    await server.kill('SIGCONT')
  })
})
