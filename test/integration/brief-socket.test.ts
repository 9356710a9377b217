/** Both ways to a socket tell the same of the same server. */
import { appendFileSync } from 'node:fs'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BriefSocket, kindOf, openSocket, type SocketEvents, socketOfNet, type SocketPlace, socketUnderNet, underNet } from '../../src/platform/brief-socket.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

const KINDS = ['unix', 'tcp'] as const
/** Where there is no IPv6, nobody can be asked by it. */
const hasIpv6 = Object.values(networkInterfaces()).flat().some((found) => found?.address === '::1')
const HOSTS = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']
let path: string
let place: SocketPlace
let server: net.Server | undefined
beforeEach(async () => {
  path = `${await makeTempFolder()}/s`
  place = { socket: path }
})
afterEach(() => {
  server?.close()
})

async function serve(welcome: (socket: net.Socket) => void): Promise<void> {
  server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    welcome(socket)
  })
  await new Promise<void>((resolve) => ('socket' in place ? server!.listen(place.socket, resolve) : server!.listen(place.port, place.host, resolve)))
}

/** A place of that kind at which nobody listens yet. */
async function choose(host: string | null): Promise<void> {
  if (host !== null) place = { host, port: await freePort() }
}

/** What is told, until it is gone. */
function listen(open: typeof openSocket): { told: string[]; received: Buffer[]; socket: BriefSocket } {
  const seen: { told: string[]; received: Buffer[] } = { told: [], received: [] }
  const events: SocketEvents = {
    connected: () => seen.told.push('connected'),
    data: (bytes) => {
      if (seen.told.at(-1) !== 'data') seen.told.push('data')
      seen.received.push(bytes)
    },
    gone: () => {
      if (seen.told.at(-1) !== 'gone') seen.told.push('gone')
    },
  }
  const socket = open(place, events)
  expect(seen.told, 'before it returned').toEqual([])
  return { ...seen, socket }
}

it.each(KINDS)('what is under node:net is had (%s)', (kind) => {
  expect(underNet(kind)).not.toBeNull()
})

it.each<[string, (name: string) => unknown]>([
  ['says no', () => { throw new Error('No such binding') }],
  ['has nothing', () => ({})],
  ['has something else under one of the names', (name) => ({ ...(process as unknown as { binding: (name: string) => object }).binding(name), WriteWrap: {} })],
])('a Node that %s is left alone', (_, binding) => {
  for (const kind of KINDS) expect(underNet(kind, binding)).toBeNull()
})

const WAYS: [string, typeof openSocket][] = [
  ['under node:net', (at, events) => socketUnderNet(at, events, underNet(kindOf(at))!)],
  ['of node:net', socketOfNet],
  ['as it is opened', openSocket],
]

describe.each([null, ...HOSTS].flatMap((host) => WAYS.map(([way, open]) => ({ host, way, open }))))('a socket (TCP: $host) $way', ({ host, open }) => {
  beforeEach(() => choose(host))

  it('carries what is written, much of it too, and tells what comes and that it is over', async () => {
    const length = 3_000_000
    await serve((socket) => {
      let got = 0
      socket.on('data', (bytes) => {
        got += bytes.length
        if (got === length) socket.end(Buffer.alloc(length, 'b'))
      })
    })
    const { told, received, socket } = listen(open)
    await eventually(() => told.length > 0)
    socket.write(Buffer.alloc(length, 'a'))
    await eventually(() => told.includes('gone'), { timeoutMs: 10_000 })
    expect(told).toEqual(['connected', 'data', 'gone'])
    expect(Buffer.concat(received).equals(Buffer.alloc(length, 'b'))).toBe(true)
    socket.close()
  })

  it('tells that nobody is there, in whatever way', async () => {
    const absent = listen(open)
    await eventually(() => absent.told.includes('gone'))
    appendFileSync(path, '')
    const noSocket = listen(open)
    await eventually(() => noSocket.told.includes('gone'))
    expect([absent.told, noSocket.told]).toEqual([['gone'], ['gone']])
    for (const { socket } of [absent, noSocket]) socket.close()
  })

  it('tells that it broke while it was written to', async () => {
    await serve((socket) => socket.destroy())
    const { told, socket } = listen(open)
    await eventually(() => told.includes('connected'))
    socket.write(Buffer.alloc(3_000_000))
    await eventually(() => told.includes('gone'))
    socket.close()
  })

  it('tells nothing once it was closed, and may be closed twice', async () => {
    const sockets: net.Socket[] = []
    await serve((socket) => {
      sockets.push(socket)
      socket.write('a')
    })
    const { told, socket } = listen(open)
    await eventually(() => told.includes('data'))
    socket.close()
    socket.close()
    sockets[0]!.end('b')
    await new Promise((resolve) => sockets[0]!.on('close', resolve))
    expect(told).toEqual(['connected', 'data'])
  })
})
