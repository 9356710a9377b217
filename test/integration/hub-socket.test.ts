import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'
import { connectHub, connectHubOf } from '../../src/client/connect.js'
import { HubGone } from '../../src/client/connection.js'
import { placeOf, pointerFileOf, stateFolderOf, usualSocketPath } from '../../src/client/socket-path.js'
import type { Notice } from '../../src/core/memory.js'
import { formatLine, formatPretty, leafOf, parseTreeMap } from '../../src/domain/json.js'
import { hubStatus, stopHub } from '../../src/client/control.js'
import { NO_HANG_MS } from '../support/budget.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { removeShortFolder } from '../support/short-folder.js'
import { makeTempFolder } from '../support/temp.js'
import { AWKWARD, aWrite } from './fixtures/fake-engine.js'
import { rawClient, serve } from './fixtures/serve.js'

const nobody = { keeperPid: () => Promise.resolve(null) }

test('every method of a memory goes through the socket and back', async () => {
  const { engine, client: newClient, root } = await serve()
  const client = await newClient()
  expect(client.hub).toMatchObject({ version: '1.2.3', pid: process.pid, startedAt: '2025-11-12T08:26:25.000+07:00' })

  const ids = { id: 'a'.repeat(32), digest: 'd', t: 5 }
  const request = { ...aWrite('1.10'), ifRev: 0, fence: { name: 'x', fence: 3 }, idempotencyKey: 'k' }
  expect(await client.submit(request, ids)).toEqual({ ok: true, rev: 1, durability: 'file', pending: 0 })
  expect(engine.requests.at(-1)).toEqual({ request, ids })
  expect(await client.submit(request, ids)).toMatchObject({ rev: 1, replayed: true })
  expect(await client.write(aWrite())).toMatchObject({ ok: true, rev: 2 })

  const snapshot = await client.read()
  expect(snapshot?.source).toBe('hub')
  expect(formatLine(snapshot?.context ?? '')).toBe(formatLine(parseTreeMap(AWKWARD)))
  const text = await client.readText()
  expect(text).toBe(`${formatPretty(parseTreeMap(AWKWARD))}\n`)
  engine.readText = () => Promise.resolve(null)
  expect(await client.readText()).toBe(null)
  const { tasks, list, ...rest } = await client.readTasks()
  expect([formatLine(tasks), formatLine(list)]).toEqual([formatLine(parseTreeMap(AWKWARD)), formatLine(parseTreeMap(AWKWARD))])
  expect(rest).toMatchObject({ rev: 7, now: 1_763_000_000_000, changedAt: { tasks: 2, list: 1 } })
  expect(await client.history(0)).toEqual(engine.changes)
  expect(await client.status()).toMatchObject({ root, rev: 2, hub: { running: true, pid: process.pid, version: '1.2.3' } })
  const event = parseTreeMap('{"event":"new_data","n":1.10}')
  expect(await client.publish(event)).toBe(true)
  expect(engine.published).toEqual([event])
  await expect(client.sync()).rejects.toMatchObject({ code: 'unavailable', message: 'Redis is away', retryable: true })
})

test('a lost compare-and-set brings the record, and an error its details', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient()
  engine.outcome = { ok: false, reason: 'conflict', rev: 4, current: parseTreeMap('{"10":1.10,"2":{}}') }
  expect(await client.write(aWrite())).toEqual(engine.outcome)
  const watch = client.watch({ since: 'nonsense', signal: new AbortController().signal })
  await expect(first(watch)).rejects.toMatchObject({ code: 'usage', suggestions: ['give a revision'], details: { since: 'nonsense' } })
})

test('a value that is no leaf, and a field that the hub does not know, reach no engine', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient()
  for (const value of ['{"a":1}', '[1, 2]', '1}', '', '"a\nb"']) await expect(client.write(aWrite(value))).rejects.toMatchObject({ code: 'usage' })
  await expect(client.write({ ...aWrite(), onlyIf: 1 } as never)).rejects.toMatchObject({ code: 'usage' })
  expect(engine.requests).toEqual([])
})

test('200 clients at once: every write is applied once, and everybody gets an own answer', async () => {
  const { engine, client: newClient } = await serve()
  const clients = await Promise.all(Array.from({ length: 200 }, () => newClient(10_000)))
  const writes = clients.flatMap((client, c) =>
    Array.from({ length: 5 }, (_, w) => client.submit(aWrite(`${c * 5 + w}`), { id: `c${c}w${w}` })),
  )
  const revs = (await Promise.all(writes)).map((outcome) => (outcome.ok ? outcome.rev : null))
  expect(new Set(revs).size).toBe(1000)
  for (const [i, rev] of revs.entries()) expect(engine.changes[(rev ?? 0) - 1]?.leaves[0]?.value).toBe(String(i))
})

test('a client that leaves in the middle of a request neither hurts the hub nor takes the write back', async () => {
  const { engine, path: socketPath, client: newClient } = await serve()
  let finish = (): void => undefined
  engine.beforeWrite = () => new Promise((resolve) => (finish = resolve))
  const { socket } = await rawClient(socketPath)
  socket.write('{"n":1,"call":"hello","args":{"protocol":2}}\n')
  socket.write(`${JSON.stringify({ n: 2, call: 'submit', args: { request: aWrite(), ids: { id: 'x' } } })}\n`)
  await eventually(() => engine.requests.length === 1)
  socket.destroy()
  finish()
  await eventually(() => engine.changes.length === 1)
  engine.beforeWrite = () => undefined
  expect(await (await newClient()).write(aWrite())).toMatchObject({ ok: true, rev: 2 })
})

test.each(['a root with a short path', 'one whose socket is elsewhere'])('a socket that somebody removes is made again, and nobody who is connected hears of it: %s', async (which) => {
  const root = path.join(await makeTempFolder('msr-'), which.startsWith('one') ? 'x'.repeat(100) : 'r')
  afterwards(removeShortFolder)
  const { engine, path: socketPath, client: newClient, lines } = await serve({ root, limits: { lookMs: 10 } })
  const before = await newClient()
  const isElsewhere = which.startsWith('one')
  const spoil = [
    () => rmSync(socketPath),
    () => {
      linkSync(socketPath, `${socketPath}.copy`) // as `cp -a` of the folder leaves it
      rmSync(socketPath)
      execFileSync('cp', ['-a', `${socketPath}.copy`, socketPath])
      rmSync(`${socketPath}.copy`)
    },
    ...(isElsewhere ? [() => rmSync(pointerFileOf(root)), () => writeFileSync(pointerFileOf(root), '/tmp/none\n')] : []),
  ]
  for (const [n, act] of spoil.entries()) {
    act()
    await eventually(() => lines.filter((line) => line.includes('it was made again')).length === n + 1)
    expect(await (await newClient()).write(aWrite())).toMatchObject({ ok: true })
  }
  expect(await before.write(aWrite())).toMatchObject({ ok: true })
  expect(engine.requests).toHaveLength(spoil.length + 1)
})

test('what is no socket, in the place of the socket, is left there and told of; who is not the keeper any more puts nothing there', async () => {
  const spoilt = await serve({ limits: { lookMs: 10 } })
  rmSync(spoilt.path)
  writeFileSync(spoilt.path, 'mine')
  await eventually(() => spoilt.lines.some((line) => line.includes('is no socket')))
  expect(readFileSync(spoilt.path, 'utf8')).toBe('mine')

  let asked = 0
  const lost = await serve({ limits: { lookMs: 10 }, isKeeper: () => Promise.resolve(++asked < 0) })
  rmSync(lost.path)
  await eventually(() => asked > 2)
  expect(existsSync(lost.path)).toBe(false)
})

const GARBAGE: readonly [string, string | Buffer][] = [
  ['text that is no JSON', 'hello\n'],
  ['JSON that is no request', '[1,2]\n'],
  ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe, 0x0a])],
  ['an empty line', '\n'],
  ['an endless frame', 'x'.repeat(20_000)],
  ['a number that is in use', '{"n":1,"call":"hello","args":{"protocol":2}}\n{"n":9,"call":"watch"}\n{"n":9,"call":"watch"}\n'],
]
test.each(GARBAGE)('%s ends that connection with a reason, and no other', async (_, bytes) => {
  const { engine, path: socketPath, client: newClient } = await serve({ limits: { frameBytes: 10_000 } })
  const client = await newClient()
  const raw = await rawClient(socketPath)
  raw.socket.write(bytes)
  await raw.closed
  expect(raw.received()).toContain('"n":0,"error":{"code":"usage"')
  await eventually(() => engine.watchers === 0)
  expect(await client.write(aWrite())).toMatchObject({ ok: true })
})

test('a request in pieces is one request, and half a one is forgotten with its connection', async () => {
  const { path: socketPath, client: newClient } = await serve()
  const raw = await rawClient(socketPath)
  raw.socket.write('{"n":1,"call":"pi')
  expect(await (await newClient()).status()).toBeTruthy()
  raw.socket.write('ng"}\n{"n":2,"call":"ping"')
  await eventually(() => raw.received() === '{"n":1,"ok":true}\n')
  raw.socket.destroy()
  expect(await (await newClient()).status()).toBeTruthy()
})

test('a call that the hub does not know, or before hello, is refused by name', async () => {
  const { path: socketPath } = await serve()
  const raw = await rawClient(socketPath)
  raw.socket.write('{"n":1,"call":"read"}\n{"n":2,"call":"hello","args":{"protocol":2}}\n{"n":3,"call":"constructor"}\n')
  await eventually(() => raw.received().includes('"n":3'))
  expect(raw.received()).toMatch(/"n":1,"error":\{"code":"usage"/)
  expect(raw.received()).toMatch(/"n":3,"error":\{"code":"usage","message":"the hub knows no call/)
})

test('a client that asks and never reads is not listened to any more, and the others are', async () => {
  const { engine, path: socketPath, client: newClient } = await serve({ limits: { queuedBytes: 100_000, stuckMs: 60_000 } })
  for (let i = 0; i < 400; i++) await engine.write(aWrite(leafOf('x'.repeat(1000))))
  const { socket } = await rawClient(socketPath)
  socket.pause()
  socket.write('{"n":1,"call":"hello","args":{"protocol":2}}\n')
  const asked = Array.from({ length: 2000 }, (_, i) => `{"n":${i + 2},"call":"history","args":{"since":0}}\n`)
  let answered = 0
  const { history } = engine
  engine.history = (since) => {
    answered++
    return history.call(engine, since)
  }
  socket.write(asked.join(''))
  await eventually(() => answered > 0)
  expect((await (await newClient()).history(0)).length).toBe(400)
  expect(answered).toBeLessThan(300)
})

test('where nobody listens there is no client: no socket, a dead one, a plain file, no root', async () => {
  const root = await makeTempFolder('msr-')
  const folder = stateFolderOf(root)
  expect(await connectHubOf(root, { budgetMs: 500 })).toBeNull()
  mkdirSync(folder, { recursive: true })
  expect(await connectHubOf(root, { budgetMs: 500 })).toBeNull()
  await deadSocket(usualSocketPath(root))
  expect(await connectHubOf(root, { budgetMs: 500 })).toBeNull()
  expect(await connectHub(usualSocketPath(root), { budgetMs: 500 })).toBeNull()
  writeFileSync(path.join(folder, 'file'), '')
  expect(await connectHub(path.join(folder, 'file'), { budgetMs: 500 })).toBeNull()
})

test('somebody who listens, and is no hub, costs the budget at most', async () => {
  const folder = await makeTempFolder('msr-')
  const [silent, babbling] = [path.join(folder, 's'), path.join(folder, 'b')]
  for (const [at, says] of [[silent, ''], [babbling, 'HTTP/1.1 400 Bad Request\r\n\r\n']] as const) {
    const server = net.createServer((socket) => socket.on('error', () => undefined).write(says)).listen(at)
    afterwards(() => void server.close())
    await once(server, 'listening')
    const startedAt = performance.now()
    expect(await connectHub(at, { budgetMs: 200 })).toBeNull()
    expect(performance.now() - startedAt).toBeLessThan(NO_HANG_MS)
  }
})

test('a hub of another protocol is passed by, can be seen, and can be ended', async () => {
  const { root, stops } = await serve({ protocol: 3 })
  expect(await connectHubOf(root, { budgetMs: 500 })).toBeNull()
  expect(await hubStatus(root, nobody)).toMatchObject({ is: 'other-protocol', hub: { pid: process.pid, protocol: 3 } })
  const gone = { isAlive: () => stops() === 0 }
  expect(await stopHub(root, { ...nobody, processes: gone })).toEqual({ pid: process.pid })
})

test('a hub of another version of the product is used, and says in its log that it is old, once', async () => {
  const { root, lines } = await serve()
  for (const version of ['1.2.3', '1.3.0', '1.3.0']) {
    const client = await connectHubOf(root, { budgetMs: 500, version })
    expect(client).not.toBeNull()
    await client?.close()
  }
  expect(lines.filter((line) => line.includes('1.3.0'))).toHaveLength(1)
})

test('a document of many megabytes travels in one frame', async () => {
  const { engine, client: newClient } = await serve()
  const big = leafOf('é"\n'.repeat(4_000_000))
  engine.read = () => Promise.resolve({ rev: 1, source: 'file', durability: 'file', pending: 0, context: new Map([['a', big]]) })
  const snapshot = await (await newClient()).read()
  expect(snapshot?.context.get('a') === big).toBe(true)
})

test('a watch tells what was, then that it is ready, then what happens; and ends with its signal', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient()
  for (const value of ['1', '2']) await client.write(aWrite(value))
  const abort = new AbortController()
  const seen: string[] = []
  for await (const notice of client.watch({ since: '1', signal: abort.signal })) {
    seen.push(`${notice.is} ${'cursor' in notice ? notice.cursor : ''}`)
    if (notice.is === 'ready') await client.write(aWrite('3'))
    if (seen.length === 3) abort.abort()
  }
  expect(seen).toEqual(['change 2', 'ready 2', 'change 3'])
  await eventually(() => engine.watchers === 0)
})

test('a watch on which nothing happens stays on its connection', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient(100)
  const next = client.watch({ since: '0', signal: new AbortController().signal })[Symbol.asyncIterator]()
  expect((await next.next()).value).toMatchObject({ is: 'ready' })
  const startedAt = performance.now()
  const second = next.next()
  await eventually(() => performance.now() - startedAt > 3_500) // some of its signs of life
  await client.write(aWrite())
  expect((await second).value).toMatchObject({ is: 'change' })
  expect(engine.watches).toBe(1)
})

test('a watch that nobody reads on, or whose client is closed, ends at the hub', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient()
  await client.write(aWrite())
  await first(client.watch({ since: '0', signal: new AbortController().signal }))
  await eventually(() => engine.watchers === 0)
  const rest = collect(client.watch({ since: '0', signal: new AbortController().signal }))
  await eventually(() => engine.watchers === 1)
  await client.close()
  expect((await rest).map((notice) => notice.is)).toEqual(['change', 'ready'])
  await eventually(() => engine.watchers === 0)
})

test('a watcher that is too slow is cut off, and goes on from its cursor without a gap', async () => {
  const { engine, client: newClient, path: socketPath } = await serve({ limits: { queuedBytes: 100_000 } })
  const raw = await rawClient(socketPath)
  raw.socket.write('{"n":1,"call":"hello","args":{"protocol":2}}\n{"n":2,"call":"watch","args":{"since":"0"}}\n')
  await eventually(() => engine.watchers === 1)
  raw.socket.pause()
  const abort = new AbortController()
  const client = await newClient()
  const slow = client.watch({ since: '0', signal: abort.signal })[Symbol.asyncIterator]()
  await slow.next()
  const total = 1500
  for (let i = 0; i < total; i++) await engine.write(aWrite(leafOf(String(i).padEnd(2000, 'x'))))
  await eventually(() => engine.watchers === 0, { what: 'both watches are cut off' })
  raw.socket.resume()
  await eventually(() => raw.received().endsWith('{"n":2,"end":"slow"}\n'))

  const revs: number[] = []
  for (let next = await slow.next(); !next.done; next = await slow.next()) {
    if (next.value.is === 'change') revs.push(next.value.change.rev)
    if (revs.at(-1) === total) abort.abort()
  }
  expect(revs).toEqual(Array.from({ length: total }, (_, i) => i + 1))
})

test('a watcher that reads nothing at all is left, with what was queued for it', async () => {
  const { engine, path: socketPath } = await serve({ limits: { queuedBytes: 50_000, stuckMs: 100 } })
  const raw = await rawClient(socketPath)
  raw.socket.write('{"n":1,"call":"hello","args":{"protocol":2}}\n{"n":2,"call":"watch","args":{"since":"0"}}\n')
  await eventually(() => engine.watchers === 1)
  raw.socket.pause()
  for (let i = 0; i < 500; i++) await engine.write(aWrite(leafOf('x'.repeat(2000))))
  await eventually(() => engine.watchers === 0)
  // A paused socket learns by writing that the other side has gone.
  await eventually(() => raw.socket.destroyed || (raw.socket.write(' '), false), { what: 'the hub has left' })
})

test('the socket is for its owner alone, replaces a dead one, and goes when the hub goes', async () => {
  const root = await makeTempFolder('msr-')
  mkdirSync(stateFolderOf(root), { recursive: true, mode: 0o755 })
  chmodSync(stateFolderOf(root), 0o755)
  await deadSocket(usualSocketPath(root))
  writeFileSync(path.join(stateFolderOf(root), 'h.99999'), '') // what a hub leaves that is killed while it starts
  const { server, path: socketPath, client } = await serve({ root })
  expect(socketPath).toBe(usualSocketPath(root))
  expect(lstatSync(socketPath).mode & 0o777).toBe(0o600)
  expect(lstatSync(stateFolderOf(root)).mode & 0o777).toBe(0o700)
  expect(existsSync(path.join(stateFolderOf(root), 'h.99999'))).toBe(false)
  expect(existsSync(pointerFileOf(root))).toBe(false)
  await client()
  await server.stop()
  expect(existsSync(socketPath)).toBe(false)
})

test('a socket that another hub has put in its place is not taken away at the end', async () => {
  const { server, path: socketPath } = await serve({ isKeeper: () => Promise.resolve(false) }) // the other one is
  const other = net.createServer().listen(`${socketPath}.other`)
  afterwards(() => void other.close())
  await once(other, 'listening')
  renameSync(`${socketPath}.other`, socketPath)
  await server.stop()
  expect(lstatSync(socketPath).isSocket()).toBe(true)
})

test('a file that is no socket is not replaced by one', async () => {
  const root = await makeTempFolder('msr-')
  mkdirSync(stateFolderOf(root), { recursive: true })
  writeFileSync(usualSocketPath(root), 'mine')
  await expect(serve({ root })).rejects.toMatchObject({ code: 'failed' })
  expect(readFileSync(usualSocketPath(root), 'utf8')).toBe('mine')
})

test('a root whose path is too long is served elsewhere, privately, and found by every name of it', async () => {
  const folder = await makeTempFolder('msr-')
  const root = path.join(folder, 'r'.repeat(120))
  mkdirSync(root)
  symlinkSync(root, path.join(folder, 'alias'))
  afterwards(removeShortFolder)
  const { path: socketPath, server } = await serve({ root })
  expect(Buffer.byteLength(socketPath)).toBeLessThanOrEqual(100)
  expect(readFileSync(pointerFileOf(root), 'utf8')).toBe(`${socketPath}\n`)
  expect(lstatSync(path.dirname(socketPath)).mode & 0o777).toBe(0o700)
  for (const name of [root, path.join(folder, 'alias')]) {
    const client = await connectHubOf(name, { budgetMs: 500 })
    expect(client).not.toBeNull()
    await client?.close()
  }
  await server.stop()
  expect(existsSync(socketPath)).toBe(false)
  expect(existsSync(pointerFileOf(root))).toBe(false)
})

test('the hub of another root is no hub of this one, even where the path of its socket was copied along', async () => {
  const { root, path: socketPath } = await serve()
  const copy = await makeTempFolder('msr-')
  mkdirSync(stateFolderOf(copy), { recursive: true })
  writeFileSync(pointerFileOf(copy), `${socketPath}\n`)
  expect(placeOf(copy)).not.toBe(placeOf(root))
  expect(await connectHubOf(copy, { budgetMs: 500 })).toBeNull()
})

test('a hub that lives is waited for, however long its answer takes beyond the budget', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient(100)
  let finish = (): void => undefined
  engine.beforeWrite = () => new Promise((resolve) => (finish = resolve))
  const startedAt = performance.now()
  const outcome = client.write(aWrite())
  await eventually(() => performance.now() - startedAt > 350)
  finish()
  expect(await outcome).toMatchObject({ ok: true, rev: 1 })
})

test('a write that runs when the hub ends is finished and answered', async () => {
  const { engine, server, client: newClient } = await serve()
  const client = await newClient()
  let finish = (): void => undefined
  engine.beforeWrite = () => new Promise((resolve) => (finish = resolve))
  const outcome = client.write(aWrite())
  await eventually(() => engine.requests.length === 1)
  const stopped = server.stop()
  finish()
  expect(await outcome).toMatchObject({ ok: true, rev: 1 })
  await stopped
  await expect(client.write(aWrite())).rejects.toBeInstanceOf(HubGone)
})

test('a call that does not end does not keep the hub from ending, and its client goes on elsewhere', async () => {
  const { engine, server, lines, client: newClient } = await serve({ limits: { drainMs: 50 } })
  const client = await newClient()
  engine.beforeWrite = () => new Promise(() => undefined)
  const outcome = client.write(aWrite())
  const failure = expect(outcome).rejects.toMatchObject({ sent: true, code: 'unavailable' })
  await eventually(() => engine.requests.length === 1)
  await server.stop()
  await failure
  expect(lines.join()).toMatch(/left without an answer/)
})

test('without a hub, a watch says so, with the cursor to go on from', async () => {
  const { server, root, client: newClient } = await serve()
  await (await newClient()).write(aWrite())
  const client = await connectHubOf(root, { budgetMs: 500, reconnectMs: 50 })
  const watch = client?.watch({ since: '0', signal: new AbortController().signal })[Symbol.asyncIterator]()
  expect(await watch?.next()).toMatchObject({ value: { is: 'change', cursor: '1' } })
  expect(await watch?.next()).toMatchObject({ value: { is: 'ready' } })
  await server.stop()
  await expect(watch?.next()).rejects.toMatchObject({ name: 'StoreUnavailable', details: { cursor: '1' } })
  await client?.close()
})

/** It is shared by all roots of this user, so a hub leaves it. */
async function first(notices: AsyncIterable<Notice>): Promise<Notice | undefined> {
  for await (const notice of notices) return notice
  return undefined
}

async function collect(notices: AsyncIterable<Notice>): Promise<Notice[]> {
  const all: Notice[] = []
  for await (const notice of notices) all.push(notice)
  return all
}

/** A socket file as a killed hub leaves it: there, and nobody behind it. */
async function deadSocket(at: string): Promise<void> {
  const server = net.createServer().listen(`${at}.bound`)
  await once(server, 'listening')
  renameSync(`${at}.bound`, at)
  server.close()
  await once(server, 'close')
}
