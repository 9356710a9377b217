import { expect, it } from 'vitest'
import { MemoryError } from '../../../src/errors/errors.js'
import { receiptOf } from '../../../src/usecases/receipt.js'

function refusalOf(fence: number, given: number): MemoryError {
  try {
    receiptOf({ ok: false, reason: 'fence', fence }, 'mary', { fence: { name: 'dep:2', fence: given } })
  } catch (error) {
    if (error instanceof MemoryError) return error
  }
  throw new Error('it was not refused')
}

it('a fence that another grant has overtaken is stale, and the newer one is named', () => {
  expect(refusalOf(9, 7)).toMatchObject({ code: 'stale-fence', details: { fence: 9 } })
  expect(refusalOf(9, 7).message).toBe('the fence 7 of the lease "dep:2" is stale: it is 9 by now; nothing was written')
})

it('a fence that is the last one is void since an epoch began, and that is what is said', () => {
  const { message, suggestions } = refusalOf(7, 7)
  expect(message).toBe(
    'the fence 7 of the lease "dep:2" is void: it was granted before Redis began a new epoch (its data was lost, or may have been); nothing was written',
  )
  expect(suggestions.join()).toContain('acquire it anew')
})

it('a fence of a lease that nobody knows is told so', () => {
  expect(refusalOf(0, 7).message).toBe('the fence 7 is stale: no grant of the lease "dep:2" is known; nothing was written')
})

it('a fence of 0 was never granted, and nobody is told that it was', () => {
  const { message, suggestions } = refusalOf(0, 0)
  expect(message).toBe('the fence 0 is stale: no grant of the lease "dep:2" is known; nothing was written')
  expect(suggestions.join()).toBe('stop this work: nobody is known to have had that lease; acquire it before you go on')
})

it.each([
  ['mary', 'memory_sync get --agent mary'],
  ['current_work', 'memory_sync get current_work'],
  ['of older programs; $(id)', 'memory_sync get --agent NAME'],
])('a lost comparison says how %s is read again', (name, call) => {
  const refused = (): unknown => receiptOf({ ok: false, reason: 'conflict', rev: 9, current: new Map() }, name, { ifRev: 1 })
  expect(refused).toThrow(expect.objectContaining({ suggestions: expect.arrayContaining([expect.stringContaining(`(${call})`)]) }) as Error)
})
