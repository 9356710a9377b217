/** Both ways to a Unix socket tell the same of the same server. */
import { appendFileSync } from 'node:fs'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPipe, type Pipe, pipeOfNet, type PipeEvents, pipeUnderNet, underNet } from '../../src/client/pipe.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'

let path: string
let server: net.Server | undefined
beforeEach(async () => {
  path = `${await makeTempFolder()}/s`
})
afterEach(() => {
  server?.close()
})

async function serve(welcome: (socket: net.Socket) => void): Promise<void> {
  server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    welcome(socket)
  })
  await new Promise<void>((resolve) => server!.listen(path, resolve))
}

/** What is told, until it is gone. */
function listen(open: typeof openPipe): { told: string[]; received: Buffer[]; pipe: Pipe } {
  const seen: { told: string[]; received: Buffer[] } = { told: [], received: [] }
  const events: PipeEvents = {
    connected: () => seen.told.push('connected'),
    data: (bytes) => {
      if (seen.told.at(-1) !== 'data') seen.told.push('data')
      seen.received.push(bytes)
    },
    gone: () => {
      if (seen.told.at(-1) !== 'gone') seen.told.push('gone')
    },
  }
  const pipe = open(path, events)
  expect(seen.told, 'before it returned').toEqual([])
  return { ...seen, pipe }
}

it('what is under node:net is had', () => {
  expect(underNet()).not.toBeNull()
})

it.each<[string, (name: string) => unknown]>([
  ['says no', () => { throw new Error('No such binding') }],
  ['has nothing', () => ({})],
  ['has something else under one of the names', (name) => ({ ...(process as unknown as { binding: (name: string) => object }).binding(name), WriteWrap: {} })],
])('a Node that %s is left alone', (_, binding) => {
  expect(underNet(binding)).toBeNull()
})

describe.each<[string, typeof openPipe]>([
  ['under node:net', (at, events) => pipeUnderNet(at, events, underNet()!)],
  ['of node:net', pipeOfNet],
  ['as it is opened', openPipe],
])('a pipe %s', (_, open) => {
  it('carries what is written, much of it too, and tells what comes and that it is over', async () => {
    const length = 3_000_000
    await serve((socket) => {
      let got = 0
      socket.on('data', (bytes) => {
        got += bytes.length
        if (got === length) socket.end(Buffer.alloc(length, 'b'))
      })
    })
    const { told, received, pipe } = listen(open)
    await eventually(() => told.length > 0)
    pipe.write(Buffer.alloc(length, 'a'))
    await eventually(() => told.includes('gone'), { timeoutMs: 10_000 })
    expect(told).toEqual(['connected', 'data', 'gone'])
    expect(Buffer.concat(received).equals(Buffer.alloc(length, 'b'))).toBe(true)
    pipe.close()
  })

  it('tells that nobody is there, in whatever way', async () => {
    const absent = listen(open)
    await eventually(() => absent.told.includes('gone'))
    appendFileSync(path, '')
    const noSocket = listen(open)
    await eventually(() => noSocket.told.includes('gone'))
    expect([absent.told, noSocket.told]).toEqual([['gone'], ['gone']])
    for (const { pipe } of [absent, noSocket]) pipe.close()
  })

  it('tells that it broke while it was written to', async () => {
    await serve((socket) => socket.destroy())
    const { told, pipe } = listen(open)
    await eventually(() => told.includes('connected'))
    pipe.write(Buffer.alloc(3_000_000))
    await eventually(() => told.includes('gone'))
    pipe.close()
  })

  it('tells nothing once it was closed, and may be closed twice', async () => {
    const sockets: net.Socket[] = []
    await serve((socket) => {
      sockets.push(socket)
      socket.write('a')
    })
    const { told, pipe } = listen(open)
    await eventually(() => told.includes('data'))
    pipe.close()
    pipe.close()
    sockets[0]!.end('b')
    await new Promise((resolve) => sockets[0]!.on('close', resolve))
    expect(told).toEqual(['connected', 'data'])
  })
})
