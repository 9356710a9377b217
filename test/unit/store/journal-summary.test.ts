import { expect, test } from 'vitest'
import type { Operation } from '../../../src/domain/operation.js'
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
