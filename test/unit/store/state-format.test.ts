import { expect, test } from 'vitest'
import type { Change } from '../../../src/domain/operation.js'
import { advance } from '../../../src/domain/replica.js'
import { emptyState, formatAhead, formatState, parseState } from '../../../src/store/file/state-format.js'
import type { RootState } from '../../../src/store/root.js'

const AGENTS = 2_000
let made = 0

function change(state: RootState, n: number): void {
  const { replica } = state
  const draft = { id: `own-${++made}`, t: made, target: `agent:a${n}`, kind: 'set' as const, by: 'x', leaves: [{ path: '/n', value: String(made) }] }
  advance(replica, { ...draft, rev: replica.rev + 1, prev: replica.rev, epoch: 'f1' } satisfies Change)
}

function stateOf(agents: number): RootState {
  const state = { ...emptyState(), replica: { ...emptyState().replica, epoch: 'f1' } }
  for (let n = 0; n < agents; n++) change(state, n)
  return state
}

const pauses = (state: RootState): number => [...formatAhead(state)].length

test('what has changed since the last time is formatted ahead, some at a time', () => {
  const state = stateOf(AGENTS)
  expect(pauses(state)).toBe(AGENTS / 250)
  expect(pauses(state)).toBe(0)
  for (let n = 0; n < 300; n++) change(state, n)
  expect(pauses(state)).toBe(1)
})

test('what changes meanwhile is in the state, and a record that is gone is not', () => {
  const state = stateOf(AGENTS)
  for (const _ of formatAhead(state)) {
    change(state, made % AGENTS)
    change(state, AGENTS + made)
    state.replica.entries.delete(`agent:a${made % 7}`)
  }
  const { replica } = parseState(formatState(state))
  expect({ ...replica, seen: [...replica.seen] }).toEqual({ ...state.replica, seen: [...state.replica.seen] })
  expect(replica.entries.size).toBeGreaterThan(AGENTS)
})

test('ids that a version before has saved as a list are read', () => {
  const state = stateOf(2)
  const ids = [...state.replica.seen]
  const text = formatState(state).replace(/"ids":\{.*?\},"entries"/s, () => `"seen":${JSON.stringify(ids)},"entries"`)
  expect(text).toContain(`"seen":[["own-`)
  expect([...parseState(text).replica.seen]).toEqual(ids)
})
