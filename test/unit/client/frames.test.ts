import { expect, test } from 'vitest'
import { BrokenFrame, encodeFrame, FrameReader } from '../../../src/client/frames.js'

const framesOf = (reader: FrameReader, ...chunks: (string | Buffer)[]): unknown[] =>
  chunks.flatMap((chunk) => [...reader.push(Buffer.from(chunk))])

test('a frame comes out as it went in, whatever pieces it arrives in', () => {
  const value = { n: 1, text: 'line\nline 𝕏 é \u2028 "quoted"', deep: [1.5, null, { a: '' }] }
  const bytes = Buffer.from(encodeFrame(value))
  for (let cut = 0; cut <= bytes.length; cut++) {
    expect(framesOf(new FrameReader(), bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([value])
  }
  const oneByOne = [...bytes].map((byte) => Buffer.from([byte]))
  expect(framesOf(new FrameReader(), ...oneByOne)).toEqual([value])
})

test('many frames in one piece come out in order, and a half one waits for its rest', () => {
  const reader = new FrameReader()
  expect(framesOf(reader, '{"n":1}\n{"n":2}\n{"n"')).toEqual([{ n: 1 }, { n: 2 }])
  expect(framesOf(reader, ':3}\n')).toEqual([{ n: 3 }])
})

test('frames before a broken one are handed out first', () => {
  const seen: unknown[] = []
  const read = (): void => {
    for (const frame of new FrameReader().push(Buffer.from('{"n":1}\nno json\n{"n":2}\n'))) seen.push(frame)
  }
  expect(read).toThrow(BrokenFrame)
  expect(seen).toEqual([{ n: 1 }])
})

test('bytes that are no UTF-8 are refused instead of being replaced', () => {
  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')])
  expect(() => framesOf(new FrameReader(), bytes)).toThrow(/not UTF-8/)
})

test('an empty line is no frame', () => {
  expect(() => framesOf(new FrameReader(), '\n')).toThrow(BrokenFrame)
})

test('a frame of exactly the limit passes, and one byte more is refused before it is complete', () => {
  const limit = 1000
  const fits = `"${'x'.repeat(limit - 2)}"`
  expect(framesOf(new FrameReader(limit), `${fits}\n`)).toEqual(['x'.repeat(limit - 2)])
  const reader = new FrameReader(limit)
  expect(framesOf(reader, 'x'.repeat(limit))).toEqual([])
  expect(() => framesOf(reader, 'x')).toThrow(/longer than 1000 bytes/)
})

test('a value that no reader would take is refused by the writer, counted in bytes', () => {
  expect(() => encodeFrame({ a: 'é'.repeat(500) }, 1000)).toThrow(BrokenFrame)
  expect(encodeFrame({ a: 'é'.repeat(400) }, 1000)).toHaveLength(409)
})
