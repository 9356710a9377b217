import { expect, test } from 'vitest'
import { operationIds } from '../../../src/core/ids.js'
import type { WriteRequest } from '../../../src/core/memory.js'

const idsFor = (idempotencyKey: string): unknown => {
  const request: WriteRequest = { target: 'agent:mary', kind: 'set', edits: [], by: 'x', idempotencyKey }
  return operationIds(request, (text) => text.padEnd(32, '.'), () => 'random')
}

test.each([['empty', ''], ['longer than 1,024 characters', 'k'.repeat(1_025)]])('an idempotency key that is %s is refused', (_, key) => {
  expect(() => idsFor(key)).toThrow(expect.objectContaining({ code: 'usage' }))
})

test('an idempotency key of 1,024 characters is taken', () => {
  expect(idsFor('k'.repeat(1_024))).toMatchObject({ digest: expect.any(String) })
})
