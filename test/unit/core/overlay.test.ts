import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OpenOperations } from '../../../src/core/open-operations.js'
import { ShownRecords } from '../../../src/core/overlay.js'
import { applyChange, emptyEntry } from '../../../src/domain/entry.js'
import { formatLine } from '../../../src/domain/json.js'
import type { Edit, Operation } from '../../../src/domain/operation.js'
import { emptyReplica } from '../../../src/domain/replica.js'
import { valueAt } from '../../../src/domain/tree.js'

const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 }).map((names) => names.map((name) => `/${name}`).join(''))
const value = fc.constantFrom('1', '{}', '"x"')
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ do: fc.constantFrom('set' as const, 'default' as const), path, value }),
  fc.record({ do: fc.constant('delete' as const), path: fc.oneof({ weight: 5, arbitrary: path }, fc.constant('')) }),
  fc.record({ do: fc.constant('add' as const), path, by: fc.constantFrom('1', '20') }),
)
const edits = fc.array(edit, { minLength: 1, maxLength: 3 })

test('what waits for a leaf shows there as in the whole record, whatever else waits', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ path, value: fc.option(value) }), { maxLength: 6 }), fc.array(fc.tuple(edits, fc.boolean(), fc.integer({ min: 0, max: 20 })), { maxLength: 8 }), path, (leaves, waiting, asked) => {
      const replica = { ...emptyReplica(), epoch: 'r1', rev: 1 }
      const entry = emptyEntry()
      const facts = { target: 'agent:a', kind: 'set' as const, by: 'x' }
      applyChange(entry, { ...facts, id: 'c', t: 10, rev: 1, prev: 0, epoch: 'r1', leaves })
      replica.entries.set('agent:a', entry)
      const open = new OpenOperations()
      for (const [n, [edits, isNumbered, t]] of waiting.entries()) {
        const op: Operation = { ...facts, id: `op${n}`, t, edits, base: 0, baseEpoch: '', root: 'r' }
        open.add(isNumbered ? { op, rev: 100 + n, epoch: 'r1' } : { op })
      }
      const whole = new ShownRecords().one(replica, open, 'agent:a')
      const part = new ShownRecords().one(replica, open, 'agent:a', [asked])
      const shown = (of: typeof whole): string => {
        const tree = of === undefined ? undefined : valueAt(of.tree, asked)
        return tree === undefined ? 'nothing' : formatLine(tree)
      }
      expect(shown(part)).toBe(shown(whole))
    }),
    { numRuns: 2_000 },
  )
})
