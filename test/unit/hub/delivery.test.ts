import type net from 'node:net'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Delivery } from '../../../src/hub/delivery.js'

/** Counts what leaves it: one entry for each time that something goes out. */
function sink(): { delivery: Delivery; sent: string[] } {
  const sent: string[] = []
  const socket = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk.toString())
      done()
    },
    writev(chunks, done) {
      sent.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  return { delivery: new Delivery(socket as net.Socket, { queuedBytes: 1_000, stuckMs: 1_000, flushMs: 1_000 }), sent }
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a few replies go out together, and no more: their callers go on while the hub does', async () => {
  const { delivery, sent } = sink()
  const reply = { n: 1, ok: 'x'.repeat(60) }
  const frame = `${JSON.stringify(reply)}\n`
  for (let i = 0; i < 4; i++) delivery.send(reply)
  expect(sent.join('')).toBe(frame.repeat(3))
  delivery.send(reply)
  await endOfTurn()
  expect(sent.join('')).toBe(frame.repeat(5))
  expect(sent.length).toBeLessThan(5)
})

test('what a watcher is told in one turn goes out together, and a reply does not overtake it', async () => {
  const { delivery, sent } = sink()
  delivery.offer({ n: 1, notice: 'a' })
  await delivery.push({ n: 1, notice: 'b' })
  delivery.send({ n: 1, end: 'done' })
  expect(sent).toEqual([])
  await endOfTurn()
  expect(sent).toEqual(['{"n":1,"notice":"a"}\n{"n":1,"notice":"b"}\n{"n":1,"end":"done"}\n'])
})
