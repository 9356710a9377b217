import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

/** Connects, waits for the word, sends a request (or none) to the silent server, closes, and has to end by itself. */
const SCRIPT = `
  import { connectRedis } from './src/store/redis/connection.js'
  import { RedisStore } from './src/store/redis/store.js'
  const [socket, call] = process.argv.slice(2)
  void connectRedis({ endpoint: { socket: socket! } }).then(async (connection) => {
    const store = new RedisStore(connection)
    const stop = await store.listen({ changed() {}, touched() {}, lost() {} })
    process.stdout.write('ready')
    process.stdin.once('data', async () => {
      process.stdin.destroy()
      if (call === 'during') await store.hello().catch(() => undefined)
      await stop()
      await store.close()
    })
  })
`

describe('a process with a connection', () => {
  it('ends by itself once that is closed, although the server is silent', async () => {
    const folder = await makeTempFolder()
    await build({
      stdin: { contents: SCRIPT, resolveDir: process.cwd(), loader: 'ts' },
      ...{ bundle: true, platform: 'node', format: 'cjs', mainFields: ['module', 'main'], loader: { '.lua': 'text' }, outfile: `${folder}/run.cjs` },
    })
    const server = await startRedis()
    for (const call of ['after', 'during']) {
      const child = spawn(process.execPath, [`${folder}/run.cjs`, server.socketPath, call], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await server.kill('SIGSTOP')
      const start = performance.now()
      child.stdin.write('go')
      const [code] = (await once(child, 'exit')) as [number]
      expect(code).toBe(0)
      expect(performance.now() - start).toBeLessThan(600)
      await server.kill('SIGCONT')
    }
  })
})
