import { describe, expect, it, vi } from 'vitest'
import { encodeCommand, ReplyError, ReplyReader } from '../../../src/store/redis/resp.js'

const big = 'ä'.repeat(200)
const STREAM = Buffer.from(`+OK\r\n:-42\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n$${Buffer.byteLength(big)}\r\n${big}\r\n*4\r\n$${Buffer.byteLength(big)}\r\n${big}\r\n$4\r\na\r\nb\r\n*2\r\n:1\r\n$-1\r\n+x\r\n-ERR no\r\n$3\r\n€\r\n`)
const REPLIES = ['OK', -42, null, '', null, [], big, [big, 'a\r\nb', [1, null], 'x'], new ReplyError('ERR no'), '€']

function all(reader: ReplyReader): unknown[] {
  const found: unknown[] = []
  for (let reply = reader.next('text'); reply !== undefined; reply = reader.next('text')) found.push(reply)
  return found
}

describe('replies', () => {
  it('are the same wherever the stream is cut', () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const reader = new ReplyReader()
      reader.push(STREAM.subarray(0, cut))
      const first = all(reader)
      reader.push(STREAM.subarray(cut))
      expect([...first, ...all(reader)], `cut at ${cut}`).toEqual(REPLIES)
    }
  })

  it.each([1, 2, 3, 7])('are the same in pieces of %i', (size) => {
    const reader = new ReplyReader()
    const found: unknown[] = []
    for (let at = 0; at < STREAM.length; at += size) {
      reader.push(STREAM.subarray(at, at + size))
      found.push(...all(reader))
    }
    expect(found).toEqual(REPLIES)
  })

  it('are bytes where these are wanted', () => {
    const reader = new ReplyReader()
    reader.push(Buffer.from([...Buffer.from('*2\r\n$2\r\n'), 0xff, 0xfe, ...Buffer.from('\r\n+x\r\n')]))
    expect(reader.next('bytes')).toEqual([Buffer.from([0xff, 0xfe]), Buffer.from('x')])
  })

  it('that are none are told as that', () => {
    const reader = new ReplyReader()
    reader.push(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(() => reader.next('text')).toThrow('Unknown RESP type')
  })
})

it('a text of megabytes is put together once', () => {
  const together = vi.spyOn(Buffer, 'concat')
  const text = Buffer.from(`$5000000\r\n${'x'.repeat(5_000_000)}\r\n`)
  const reader = new ReplyReader()
  let reply: unknown
  for (let at = 0; at < text.length; at += 65_536) {
    reader.push(text.subarray(at, at + 65_536))
    reply = reader.next('text')
  }
  const times = together.mock.calls.length
  together.mockRestore()
  expect(reply).toHaveLength(5_000_000)
  expect(times).toBe(1)
})

it('a command has the length of each word in bytes', () => {
  expect(encodeCommand(['SET', 'ä', ''])).toBe('*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$0\r\n\r\n')
})
