import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { expect, it } from 'vitest'
import { type Draft, numbered } from '../../../src/domain/operation.js'

const draft = (n: number): Draft => ({ id: `id${n}`, t: n, target: 'agent:mary', kind: 'set', by: 'test', leaves: [{ path: '/n', value: String(n) }] })

/** V8's own question: objects of one shape share what it calls a map. */
function askV8(): (a: object, b: object) => boolean {
  setFlagsFromString('--allow-natives-syntax')
  return runInThisContext('(a, b) => %HaveSameMap(a, b)') as ReturnType<typeof askV8>
}

it('changes of drafts alike have one shape, as code that reads them is fast only then', () => {
  const haveSameShape = askV8()
  const changes = Array.from({ length: 100 }, (_, n) => numbered(draft(n), n, n - 1, 'r1'))
  expect(changes.filter((change) => !haveSameShape(change, changes[0]!))).toEqual([])
})

it('a change has every member of its draft', () => {
  const full: Required<Draft> = {
    ...draft(1),
    inserts: [{ path: '/records', value: '{"id":"a"}', keep: 3 }],
    lost: [{ path: '/x', lost: '1', kept: '2' }],
    digest: 'd',
    waited: 'root',
    brings: ['id0'],
    lease: { action: 'granted', name: 'l', holder: 'mary', reason: '', ttlMs: 1, root: 'root' },
  }
  expect(numbered(full, 7, 6, 'r1')).toEqual({ ...full, rev: 7, prev: 6, epoch: 'r1' })
})
