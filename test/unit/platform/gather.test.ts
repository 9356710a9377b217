import { once } from 'node:events'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { gather } from '../../../src/platform/gather.js'

/** Counts what leaves it: one entry for each time that something goes out. */
function sink(): { stream: Writable; sent: string[] } {
  const sent: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk.toString())
      done()
    },
    writev(chunks, done) {
      sent.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  return { stream, sent }
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is written in one turn goes out together, in its order', async () => {
  const { stream, sent } = sink()
  for (const text of ['a', 'b', 'c']) {
    gather(stream)
    stream.write(text)
  }
  await Promise.resolve() // what follows from an answer belongs to the turn
  gather(stream)
  stream.write('d')
  expect(sent).toEqual([])
  await endOfTurn()
  expect(sent).toEqual(['abcd'])
  gather(stream)
  stream.write('e')
  await endOfTurn()
  expect(sent).toEqual(['abcd', 'e'])
})

test('a stream that is ended in the same turn sends what was gathered', async () => {
  const { stream, sent } = sink()
  gather(stream)
  stream.write('last')
  stream.end()
  await once(stream, 'finish')
  expect(sent).toEqual(['last'])
})

test('what is much does not wait for the end of the turn', () => {
  const { stream, sent } = sink()
  const much = 'x'.repeat(5_000)
  for (const text of [much, much, 'y', 'z']) {
    gather(stream)
    stream.write(text)
  }
  expect(sent.join('')).toBe(`${much}${much}y`)
})
