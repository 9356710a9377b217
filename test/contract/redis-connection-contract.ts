import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailable } from '../../src/errors/errors.js'
import { budgetOf, type ConnectOptions, type RedisConnection, type RedisEndpoint } from '../../src/store/redis/connection.js'
import { RedisStore } from '../../src/store/redis/store.js'
import { NO_HANG_MS } from '../support/budget.js'
import { afterwards } from '../support/cleanup.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { begin, commit, draftOf, lineOf, propose, proposalFor, set } from './support/harness.js'
import { connectStore, redisUnderTest } from './support/redis-under-test.js'

const SECRET = 'open sesame'
/** Of what is answered; each in a tenth of the budget. */
const PIECES = 30

async function failureOf(work: Promise<unknown>): Promise<StoreUnavailable> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof StoreUnavailable) return error
  throw new Error(`no StoreUnavailable: ${inspect(error)}`)
}

async function elapsed(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work.catch(() => undefined)
  return performance.now() - start
}

/**
 * Greets, and answers what comes then with these pieces, one after the other. It is in this process: what holds it up holds up the
 * patience of the client, too.
 */
async function serverOfPieces(pieces: readonly string[]): Promise<RedisEndpoint> {
  const socket = `${await makeTempFolder()}/s`
  const server = createServer((client) => {
    client.on('error', () => undefined).once('data', (greeting) => {
      const questions = String(greeting).match(/info/gi) ?? []
      client.write('$4\r\nx:1\n\r\n'.repeat(questions.length))
      client.once('data', () => {
        const left = [...pieces]
        const timer = setInterval(() => {
          const piece = left.shift()
          if (piece === undefined) clearInterval(timer)
          else client.write(piece)
        }, 20)
        client.on('close', () => {
          clearInterval(timer)
        })
      })
    })
  })
  afterwards(() => void server.close())
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return { socket }
}

/** What each way to Redis keeps, whatever is under it. */
export function connectionContract(connect: (options: ConnectOptions) => Promise<RedisConnection>): void {
  async function open(server: RedisServer, more: Partial<RedisEndpoint> = {}, budgetMs?: number): Promise<RedisStore> {
    const endpoint = { socket: server.socketPath, ...more } as RedisEndpoint
    const connection = await connect({ endpoint, ...(budgetMs !== undefined && { budgetMs }) })
    afterwards(() => connection.close())
    return new RedisStore(connection)
  }

  describe('a password', () => {
    afterEach(() => {
      vi.restoreAllMocks()
    })

    it('that the server does not want is no error, and nothing is printed', async () => {
      const printed = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error'), vi.spyOn(process.stderr, 'write')]
      const server = await startRedis()
      for (const login of [{ password: SECRET }, { username: 'default', password: SECRET }]) {
        const store = await open(server, login)
        expect(await store.hello()).toMatchObject({ epoch: null })
      }
      for (const spy of printed) expect(spy).not.toHaveBeenCalled()
    })

    it('that a server has to want, and does not, shows that it is another server', async () => {
      const server = await startRedis()
      for (const login of [{ password: SECRET }, {}]) {
        expect((await failureOf(open(server, { ...login, passwordWanted: true }))).message).toContain('it is another server')
      }
      const meant = await startRedis({ password: SECRET })
      await (await open(meant, { password: SECRET, passwordWanted: true })).hello()
    })

    it('that is wanted opens the server', async () => {
      const server = await startRedis({ password: SECRET })
      expect((await open(server, { password: SECRET })).connection.run).toMatch(/^[0-9a-f]{40}$/)
      await (await open(server, { password: SECRET, username: 'default' })).hello()
    })

    it('that is wrong, or missing, is told as that, at once, and without the password', async () => {
      const server = await startRedis({ password: SECRET })
      for (const login of [{}, { password: 'wrong one' }, { username: 'nobody', password: 'wrong one' }]) {
        const start = performance.now()
        const error = await failureOf(open(server, login))
        expect(performance.now() - start).toBeLessThan(NO_HANG_MS)
        expect(error).toMatchObject({ sent: false, code: 'unavailable' })
        expect(error.message).toMatch('password' in login ? /refuses the password/ : /wants a password/)
        expect(error.suggestions.join()).toContain('REDIS_PASSWORD')
        expect(inspect(error, { depth: 9 })).not.toContain('wrong one')
      }
    })

    it('is in no error, even where the server repeats it', async () => {
      const server = await startRedis({ args: ['--rename-command', 'AUTH', ''] })
      const error = await failureOf(open(server, { password: SECRET }))
      expect(inspect(error, { depth: 9 })).not.toContain(SECRET)
    })
  })

  describe('a server that cannot be used', () => {
    it('is away within the budget where nobody listens', async () => {
      const error = await failureOf(connect({ endpoint: { socket: '/tmp/there/is/no.sock' } }))
      expect(error).toMatchObject({ sent: false })
      expect(error.message).toMatch(/no\.sock is not there/)
      expect(error.suggestions.join()).toContain('MEMORY_SYNC_REDIS=off')
      expect((await failureOf(connect({ endpoint: { host: '127.0.0.1', port: 1 } }))).message).toContain('127.0.0.1:1 is not there')
    })

    it('is away within the budget where it is silent from the start', async () => {
      const server = await startRedis({ tcp: true })
      await server.kill('SIGSTOP')
      for (const endpoint of [{ socket: server.socketPath }, { host: '127.0.0.1', port: server.port! }]) {
        const start = performance.now()
        const error = await failureOf(connect({ endpoint }))
        expect(performance.now() - start).toBeLessThan(NO_HANG_MS)
        expect(error).toMatchObject({ sent: false })
        expect(error.message).toContain('did not answer within 200 ms')
      }
    })

    it('settles every request within the budget where it falls silent, and says that they may have been carried out', async () => {
      const server = await startRedis()
      const store = await open(server)
      await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 0 })
      const proposal = await proposalFor(store, draftOf([set('/n', '1')]))
      await server.kill('SIGSTOP')
      const requests = [() => store.commit(proposal), () => store.hello(), () => store.targets(), () => store.seenIds(0)]
      const start = performance.now()
      const errors = await Promise.all(requests.map((request) => failureOf(request())))
      expect(performance.now() - start).toBeLessThan(NO_HANG_MS)
      expect(errors.map((error) => error.sent)).toEqual([true, true, true, true])
      expect(store.connection.isOpen).toBe(false)
      expect(await failureOf(store.hello())).toMatchObject({ sent: false })

      await server.kill('SIGCONT')
      const again = await open(server)
      const verdict = await again.commit(proposal)
      expect(['duplicate', 'committed']).toContain(verdict.is)
      expect((await again.changesAfter(0, 10)).changes).toHaveLength(1)
      expect(await lineOf(again)).toBe('{"n":1}')
    })

    it('is not silent as long as it answers: requests wait for those before them', async () => {
      const connection = await connect({ endpoint: await serverOfPieces(Array<string>(PIECES).fill('+OK\r\n')) })
      afterwards(() => connection.close())
      const requests = Array.from({ length: PIECES }, () => connection.call((client) => client.call('PING')))
      expect(await Promise.all(requests)).toEqual(Array(PIECES).fill('OK'))
    })

    it('settles every request where it dies', async () => {
      const server = await startRedis()
      const store = await open(server)
      await server.kill('SIGSTOP')
      const request = failureOf(store.hello())
      await server.kill('SIGKILL')
      expect(await request).toMatchObject({ sent: true })
      expect(await elapsed(store.hello())).toBeLessThan(NO_HANG_MS)
    })

    it('that is none is told as that', async () => {
      const at = `${await makeTempFolder()}/s`
      const other = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      afterwards(() => void other.close())
      await new Promise<void>((resolve) => other.listen(at, resolve))
      const error = await failureOf(connect({ endpoint: { socket: at } }))
      expect(error).toMatchObject({ sent: false })
      expect(error.message).toContain('does not speak the protocol of Redis')
    })

    it('is not silent as long as an answer comes, in however many pieces', async () => {
      const pieces = [`$${PIECES}\r\n`, ...Array<string>(PIECES).fill('x'), '\r\n']
      const connection = await connect({ endpoint: await serverOfPieces(pieces) })
      afterwards(() => connection.close())
      expect(await connection.call((client) => client.call('GET', 'x'))).toBe('x'.repeat(PIECES))
    })

    it('that loads its data is told as that', async () => {
      const server = await startRedis({ args: ['--key-load-delay', '10000', '--loading-process-events-interval-bytes', '1024'] })
      const client = await server.client()
      for (let n = 0; n < 300; n++) await client.set(`key${n}`, 'x'.repeat(1_000))
      await client.config('SET', 'rdbcompression', 'no')
      await client.save()
      await server.kill('SIGKILL')
      const restarted = server.restart().catch(() => undefined)
      let error: StoreUnavailable | undefined
      await expect
        .poll(
          async () => {
            error = await open(server, {}, 5_000).then((store) => store.hello()).then(
              () => undefined,
              (reason: unknown) => (reason instanceof StoreUnavailable ? reason : undefined),
            )
            return error?.message
          },
          { timeout: 10_000, interval: 5 },
        )
        .toMatch(/is loading its data/)
      expect(error).toMatchObject({ sent: false, retryable: true })
      await server.kill('SIGKILL')
      await restarted
    })

    it('that is a replica is told as that', async () => {
      const server = await startRedis()
      const { store, client } = await redisUnderTest(server, {}, connect)
      await begin({ store, newEpoch: () => 'r1' })
      await client.replicaof('127.0.0.1', 1)
      const readOnly = await failureOf(propose(store, draftOf([set('/n', '1')])))
      expect(readOnly).toMatchObject({ sent: false })
      expect(readOnly.message).toContain('read-only replica')
      await client.config('SET', 'replica-serve-stale-data', 'no')
      expect((await failureOf(store.hello())).message).toContain('lost its primary')
    })

    it('that has no memory left is told as that, and has written nothing', async () => {
      const server = await startRedis()
      const { store, client } = await redisUnderTest(server, {}, connect)
      await begin({ store, newEpoch: () => 'r1' })
      await commit(store, draftOf([set('/n', '1')]))
      await client.config('SET', 'maxmemory', '1')
      const error = await failureOf(propose(store, draftOf([set('/n', '2')])))
      expect(error).toMatchObject({ sent: false })
      expect(error.message).toContain('no memory left')
      await client.config('SET', 'maxmemory', '0')
      expect(await lineOf(store)).toBe('{"n":1}')
      expect((await store.changesAfter(0, 10)).changes).toHaveLength(1)
    })

    it('that has no connection left is told as that', async () => {
      const server = await startRedis({ tcp: true })
      const client = await server.client()
      await client.config('SET', 'maxclients', '1')
      for (const endpoint of [{ socket: server.socketPath }, { host: '127.0.0.1', port: server.port! }]) {
        // It says so and hangs up: often before, and at times after something is asked of it.
        for (let attempt = 0; attempt < 20; attempt++) {
          const error = await failureOf(connect({ endpoint }))
          expect(error.message).toContain('has no connection left')
          expect(error.suggestions.join()).toContain('maxclients')
        }
      }
    })

    it('that permits too little is told as that', async () => {
      const server = await startRedis()
      const client = await server.client()
      await client.call('ACL', 'SETUSER', 'guest', 'on', '>pw', '+info', '+ping')
      const store = await open(server, { username: 'guest', password: 'pw' })
      expect((await failureOf(store.hello())).message).toContain('does not permit')
    })

    it('that tells a user nothing of its replication serves him, and those whom it tells', async () => {
      const server = await startRedis()
      const client = await server.client()
      await client.call('ACL', 'SETUSER', 'guest', 'on', '>pw', '~*', '&*', '+@all', '-@dangerous', '+info|server')
      const [guest, other] = [await open(server, { username: 'guest', password: 'pw' }), await open(server)]
      await guest.beginEpoch(await guest.hello(), { epoch: 'r1', atLeast: 0 })
      await commit(guest, draftOf([set('/n', '1')]))
      await commit(other, draftOf([set('/n', '2')]))
      await commit(guest, draftOf([set('/n', '3')]))
      expect([await lineOf(guest), await lineOf(other)]).toEqual(['{"n":3}', '{"n":3}'])

      await other.beginEpoch(await other.hello(), { epoch: 'r2', atLeast: 0 }) // the mark is of one who is told
      expect((await guest.hello()).owner).toBe(guest.connection.run)
    })

    it('whose epoch began without a note of its replication gets one with the next write', async () => {
      const server = await startRedis()
      const client = await server.client()
      const store = await open(server)
      await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 0 })
      const noted = await client.hget('memory:sync', 'replication')
      expect(noted).toMatch(/^[0-9a-f]{40}$/)
      for (const missing of ['', null]) {
        await (missing === null ? client.hdel('memory:sync', 'replication') : client.hset('memory:sync', 'replication', missing))
        await commit(store, draftOf([set('/n', '1')]))
        expect(await client.hget('memory:sync', 'replication')).toBe(noted)
      }
    })
  })

  describe('a connection', () => {
    it('uses the database that was named', async () => {
      const server = await startRedis()
      const store = await open(server, { db: 3 })
      await store.beginEpoch(await store.hello(), { epoch: 'r1', atLeast: 0 })
      const client = await server.client({ db: 3 })
      expect(await client.exists('memory:sync')).toBe(1)
    })

    it('has 200 ms on this machine, and elsewhere three times what it took last, at most 2 s', () => {
      const remote = { host: 'redis.example', port: 6379 }
      expect(['localhost', '127.0.0.1', '::1'].map((host) => budgetOf({ host, port: 1 }))).toEqual([200, 200, 200])
      expect(budgetOf({ socket: '/x' }, 5_000)).toBe(200)
      expect([undefined, 10, 300, 5_000].map((latency) => budgetOf(remote, latency))).toEqual([2_000, 200, 900, 2_000])
    })

    it('to a restarted server is a new one, with another run', async () => {
      const server = await startRedis({ aof: true })
      const first = await connectStore(server, {}, connect)
      await server.restart()
      await expect.poll(() => first.connection.isOpen).toBe(false)
      const second = await connectStore(server, {}, connect)
      expect(second.connection.run).not.toBe(first.connection.run)
    })
  })
}
