import { expect, test } from 'vitest'
import { fromWireError, replyOf, requestOf, toWireError } from '../../../src/client/protocol.js'
import { noticeFromWire, noticeToWire, outcomeFromWire, outcomeToWire, snapshotFromWire, snapshotToWire } from '../../../src/client/wire.js'
import type { Notice, Snapshot, WriteOutcome } from '../../../src/core/memory.js'
import { formatLine, parseTreeMap } from '../../../src/domain/json.js'
import { MemoryError, StoreUnavailable } from '../../../src/errors/errors.js'

const AWKWARD = '{"b":1.10,"10":1E5,"2":12345678901234567890,"__proto__":{},"a":[],"u":"\\u0000é"}'
const overJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

test('documents keep their key order and the text of their numbers on the wire', () => {
  const context = parseTreeMap(AWKWARD)
  const snapshot: Snapshot = { rev: 3, source: 'redis', durability: 'redis', pending: 0, context }
  expect(formatLine(snapshotFromWire(overJson(snapshotToWire(snapshot))).context)).toBe(AWKWARD)
  const notice: Notice = { is: 'snapshot', rev: 3, cursor: '3', context }
  const back = noticeFromWire(overJson(noticeToWire(notice)))
  expect(back.is === 'snapshot' && formatLine(back.context)).toBe(AWKWARD)
})

test('the record that won a compare-and-set comes back whole', () => {
  const lost: WriteOutcome = { ok: false, reason: 'conflict', rev: 4, current: parseTreeMap(AWKWARD) }
  expect(outcomeFromWire(overJson(outcomeToWire(lost)))).toEqual(lost)
  const none: WriteOutcome = { ok: false, reason: 'conflict', rev: 0, current: null }
  expect(outcomeFromWire(overJson(outcomeToWire(none)))).toEqual(none)
})

test('an error keeps its code, its way out and whether it was sent; the stack stays where it is', () => {
  const error = new MemoryError('conflict', 'lost', { suggestions: ['again'], details: { rev: 4 } })
  expect(fromWireError(overJson(toWireError(error)))).toMatchObject({ code: 'conflict', message: 'lost', suggestions: ['again'], details: { rev: 4 } })
  const away = fromWireError(overJson(toWireError(new StoreUnavailable('away', true))))
  expect(away).toBeInstanceOf(StoreUnavailable)
  expect(away).toMatchObject({ sent: true, retryable: true })
  expect(toWireError(new TypeError('x of undefined'))).toEqual({ code: 'internal', message: 'x of undefined', suggestions: [], details: {}, retryable: false })
})

test.each([null, 1, 'x', [], {}, { n: '1', call: 'read' }, { n: 1 }, { n: 1.5, call: 'read' }, { n: 1, call: 2 }])('%j is no request', (frame) => {
  expect(requestOf(frame)).toBeNull()
})

test.each([null, [], {}, { n: 1 }, { ok: 1 }, { n: 1, end: 'whatever' }, { n: 1, error: 'x' }])('%j is no reply', (frame) => {
  expect(replyOf(frame)).toBeNull()
})
