import { expect, test } from 'vitest'
import type { Operation } from '../../../src/domain/operation.js'
import type { Head } from '../../../src/store/file/state-format.js'
import { JournalSummary } from '../../../src/store/file/journal-summary.js'

const operation = (id: string): Operation => ({ id, t: 5, target: 'agent:a', kind: 'set', edits: [], base: 0, baseEpoch: '', by: 'x', root: 'r' })

test('what the journal knows of an operation that is asked for', () => {
  const summary = new JournalSummary(null)
  summary.take([{ op: operation('waits') }, { op: operation('is done') }, { op: operation('is done'), rev: 7, epoch: 'r1' }, { op: operation('changes nothing'), rev: 0, epoch: 'r1' }])
  expect(summary.glance()).not.toHaveProperty('about')
  expect(summary.glance('waits')).toMatchObject({ pending: 1, about: {} })
  expect(summary.glance('is done').about).toEqual({ rev: 7 })
  expect(summary.glance('changes nothing').about).toEqual({ rev: 0 })
  expect(summary.glance('was folded'), 'somebody has to read everything').not.toHaveProperty('about')
})

test('a writer has seen what it has committed itself, though the state was saved before: of this epoch, and of no other', () => {
  const head: Head = { format: 1, generation: 0, epoch: 'r1', rev: 5, high: 9, carried: [], t: 0, lastT: 0, skewMs: 0 }
  const summary = new JournalSummary(head)
  expect(summary.glance().rev).toBe(5)
  summary.take([{ op: operation('before'), rev: 8, epoch: 'r0' }])
  expect(summary.glance()).toMatchObject({ rev: 5, high: 9 })
  summary.take([{ op: operation('waits') }, { op: operation('is done'), rev: 7, epoch: 'r1' }, { op: operation('changes nothing'), rev: 0, epoch: 'r1' }])
  expect(summary.glance()).toMatchObject({ rev: 7, high: 9 })
})

test('a time from a clock that was ahead counts as long as what has it waits', () => {
  const at = (t: number, id: string): Operation => ({ ...operation(id), t })
  const summary = new JournalSummary(null)
  summary.take([{ op: at(10, 'before') }, { op: at(9_000, 'ahead') }, { op: at(9_001, 'behind it') }])
  expect(summary.glance().lastT).toBe(9_001)
  summary.take([{ op: at(20, 'ahead'), rev: 1, epoch: 'r1' }])
  expect(summary.glance().lastT).toBe(9_001)
  summary.take([{ op: at(21, 'behind it'), rev: 2, epoch: 'r1' }, { op: at(15, 'later') }])
  expect(summary.glance().lastT).toBe(21)
  summary.take([{ op: at(30, 'last') }])
  expect(summary.glance().lastT).toBe(30)
})

test('of a saved state, too', () => {
  const head: Head = { format: 1, generation: 0, epoch: 'r1', rev: 5, high: 9, carried: ['ahead'], t: 10, lastT: 9_000, skewMs: 0 }
  const summary = new JournalSummary(head)
  expect(summary.glance().lastT).toBe(9_000)
  summary.take([{ op: { ...operation('ahead'), t: 20 }, rev: 6, epoch: 'r1' }])
  expect(summary.glance().lastT).toBe(20)
  expect(new JournalSummary({ ...head, carried: [] }).glance().lastT).toBe(9_000)
})
