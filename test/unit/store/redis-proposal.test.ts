import { describe, expect, it } from 'vitest'
import type { Proposal } from '../../../src/store/contract.js'
import { Keys } from '../../../src/store/redis/keys.js'
import { commitArguments } from '../../../src/store/redis/proposal.js'

const FACTS = { run: 'r', keys: new Keys('memory'), limits: { history: 1, ids: 1, keysMs: 1 }, offsetMinutes: 0 }

const proposal = (conditions: object): Proposal => ({
  ...{ epoch: 'r1', floor: 0, expect: {}, before: undefined },
  draft: { id: 'i', t: 1, target: 'agent:mary', kind: 'update', by: 'x', leaves: [{ path: '/status', value: '"active"' }] },
  ...conditions,
})

describe('the arguments of a commit', () => {
  it('name the conditions, and nothing where there are none', () => {
    const { args } = commitArguments(proposal({ ifRev: 0, fence: { name: 'dp', fence: 5 } }), FACTS)
    expect(args.slice(6, 8)).toEqual(['0', '5'])
    expect(commitArguments(proposal({}), FACTS).args.slice(6, 8)).toEqual(['', ''])
  })

  it.each<[string, object]>([
    ...['dp:5', 5, null, ['dp', 5], {}, { name: 'dp' }, { fence: 5 }, { name: 'dp', fence: '5' }, { name: '', fence: 5 }, { name: 'dp', fence: Number.NaN }].map(
      (fence): [string, object] => [`the fence ${JSON.stringify(fence)}`, { fence }],
    ),
    ...[null, '', '3', Number.NaN, -1, 1.5, {}].map((ifRev): [string, object] => [`ifRev ${JSON.stringify(ifRev)}`, { ifRev }]),
  ])('are refused for %s, which would be none', (_, conditions) => {
    expect(() => commitArguments(proposal(conditions), FACTS)).toThrow(expect.objectContaining({ code: 'internal' }))
  })
})
