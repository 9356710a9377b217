import { expect, test } from 'vitest'
import { emptyEntry, type Entry } from '../../../src/domain/entry.js'
import type { Edit, Operation } from '../../../src/domain/operation.js'
import { resolve } from '../../../src/domain/resolve.js'

const set = (path: string, value: string): Edit => ({ do: 'set', path, value })

/** A record that another has written meanwhile, later. */
function written(...leaves: [path: string, value: string][]): Entry {
  const entry = { ...emptyEntry(), live: true, rev: 7, born: 7 }
  for (const [path, value] of leaves) {
    entry.tree.set(path.slice(1), value)
    entry.stamps.set(path, { t: 2_000, rev: 7, epoch: 'r1' })
  }
  return entry
}

const waited = (...edits: Edit[]): Operation => ({ ...{ id: 'op', t: 1_000, target: 'agent:mary', kind: 'update', by: 'x', root: 'r' }, ...{ base: 0, baseEpoch: 'r1', edits } })

const outcomeOf = (operation: Operation, entry: Entry) => resolve(operation, entry, { t: operation.t, against: 'stamps' }).draft

test('that another write was later is no loss: nobody is told of a conflict because of the time alone', () => {
  const draft = outcomeOf(waited(set('/note', '"mine"'), set('/last_update', '"1"'), set('/last_seen', '"1"')), written(['/last_update', '"2"'], ['/last_seen', '"2"']))
  expect(draft.leaves).toEqual([{ path: '/note', value: '"mine"' }])
  expect(draft.lost).toBeUndefined()
})

test('a value that lost is told, without the time that went with it', () => {
  const draft = outcomeOf(waited(set('/status', '"idle"'), set('/last_update', '"1"')), written(['/status', '"busy"'], ['/last_update', '"2"']))
  expect(draft.lost).toEqual([{ path: '/status', lost: '"idle"', kept: '"busy"' }])
})

test('of two deletions of a record none is lost', () => {
  const gone = { ...emptyEntry(), rev: 7, born: 7, stamps: new Map([['', { t: 2_000, rev: 7, epoch: 'r1' }]]) }
  expect(outcomeOf(waited({ do: 'delete', path: '' }), gone).lost).toBeUndefined()
})
