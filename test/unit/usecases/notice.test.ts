import { describe, expect, it } from 'vitest'
import { formatLine, parseTreeMap } from '../../../src/domain/json.js'
import type { Change } from '../../../src/domain/operation.js'
import { lineOf, type Told } from '../../../src/usecases/notice.js'

const change = (parts: Partial<Change>): Change => ({
  ...{ rev: 7, prev: 6, epoch: 'r1', id: 'x', t: Date.UTC(2025, 10, 12, 1, 26, 25, 120) },
  ...{ target: 'agent:mary', kind: 'set', by: 'gg', leaves: [] },
  ...parts,
})

const lineFor = (notice: Told): string => formatLine(lineOf(notice, 420).json)
const changed = (parts: Partial<Change>, pending?: true): string =>
  lineFor({ is: 'change', change: change(parts), cursor: '7', ...(pending && { pending }) })

describe('the line of a change', () => {
  it('shows the status as agent_update, with everything that a reader needs', () => {
    expect(changed({ leaves: [{ path: '/status', value: '"idle"' }] })).toBe(
      '{"rev":7,"cursor":"7","agent":"mary","event":"agent_update","timestamp":"2025-11-12T08:26:25.120+07:00","data":{"status":"idle"},"by":"gg"}',
    )
  })

  it('shows the context as context_update, deletions as null and numbers as they were written', () => {
    const leaves = [
      { path: '/context/a', value: null },
      { path: '/context/n', value: '1.10' },
    ]
    expect(changed({ leaves })).toContain('"event":"context_update"')
    expect(changed({ leaves })).toContain('"data":{"context":{"a":null,"n":1.10}}')
  })

  it('shows of a list only the entries that were added', () => {
    const insert = (id: number) => ({ path: '/context/records', value: `{"id":"${id}"}`, keep: 20 })
    expect(changed({ inserts: [insert(1), insert(2)] })).toContain(
      '"data":{"context":{"records":[{"id":"1"},{"id":"2"}]}}',
    )
  })

  it('has no agent for the other members of the context', () => {
    const line = changed({ target: 'context', leaves: [{ path: '/current_work/task', value: '"x"' }] })
    expect(line).toContain('"agent":null,"event":"context_update"')
    expect(line).toContain('"data":{"current_work":{"task":"x"}}')
  })

  it('says that a record was deleted', () => {
    expect(changed({ kind: 'delete', leaves: [{ path: '', value: null }] })).toContain('"event":"agent_update"')
    expect(changed({ kind: 'delete', leaves: [{ path: '', value: null }] })).toContain(
      '"data":null,"by":"gg","deleted":true',
    )
  })

  it('shows a conflict with both values', () => {
    const lost = [{ path: '/context/a', kept: '{"b":1}', lost: null }]
    expect(changed({ lost })).toContain('"event":"conflict"')
    expect(changed({ lost })).toContain(
      '"data":{},"by":"gg","conflict":[{"path":"/context/a","kept":{"b":1},"lost":null}]',
    )
  })

  it('has no revision while it is on this machine only', () => {
    const line = changed({ leaves: [{ path: '/status', value: '"x"' }] }, true)
    expect(line).toMatch(/^{"rev":null,/)
    expect(line).toMatch(/,"pending":true}$/)
  })
})

describe('the other lines', () => {
  it('tells a gap, a snapshot and another number', () => {
    expect(lineFor({ is: 'gap', from: 3, to: 9 })).toBe('{"event":"gap","from":3,"to":9}')
    const context = parseTreeMap('{"last_update":"now","agents":{},"rev":9}')
    expect(lineFor({ is: 'snapshot', rev: 9, cursor: '9', context })).toBe(
      '{"rev":9,"cursor":"9","agent":null,"event":"snapshot","timestamp":"now","data":{"last_update":"now","agents":{},"rev":9}}',
    )
    expect(lineFor({ is: 'renumbered', id: 'x', target: 'agent:mary', from: '6+1', rev: 8, cursor: '8' })).toBe(
      '{"rev":8,"cursor":"8","agent":"mary","event":"renumbered","from":"6+1"}',
    )
  })

  it('shows what other programs publish as it came', () => {
    expect(
      lineFor({ is: 'message', cursor: '7', text: '{"event":"new_data","agent":"gc","file":"a b.json","ts":"08:26"}' }),
    ).toBe(
      '{"rev":null,"cursor":"7","agent":"gc","event":"new_data","timestamp":"08:26","data":null,"by":null,"file":"a b.json","ts":"08:26"}',
    )
    expect(lineFor({ is: 'message', cursor: '7', text: '{"agent":5}' })).toContain('"agent":null,"event":"message"')
    expect(lineFor({ is: 'message', cursor: '7', text: 'no json' })).toContain('"data":"no json"')
  })
})
