/** What the types of the library take. It is `npm run typecheck` that proves it: each line compiles, or has to be refused. */
import { expect, it } from 'vitest'
import type { Plain, PlainInput, PlainObject, ResultToRecord, SharedMemory } from '../../../src/index.js'

interface Step {
  at?: number
  steps: readonly Step[]
}

interface Job {
  id: string
  count: bigint
  since: Date
  owner: string | null
  gone?: string | undefined
  first: Step
}

interface WithFunction {
  run(): void
}

type Given = Pick<SharedMemory, 'updateAgentContext' | 'record' | 'publishUpdate'>

const taken = ({ updateAgentContext, record, publishUpdate }: Given, job: Job, plain: Plain, object: PlainObject, result: ResultToRecord): unknown => [
  updateAgentContext('mary', { job }),
  updateAgentContext('mary', job, { ifRev: 3 }),
  updateAgentContext('mary', { jobs: [job], either: plain === null ? 'none' : job }),
  updateAgentContext('mary', { a: 1, b: null, c: undefined, d: [1, 'x', {}], plain }),
  updateAgentContext('mary', {}),
  updateAgentContext('mary', object),
  record('mary', { id: 'T1', outcome: 'completed' }),
  record('mary', { id: 'T1', outcome: 'completed', result: job, score: 1, idempotencyKey: 'T1' }),
  record('mary', { id: 'T1', outcome: 'completed', result: { job } }),
  record('mary', { id: 'T1', outcome: 'completed', result: [1, job] }),
  record('mary', { id: 'T1', outcome: 'completed', result: null }),
  record('mary', { id: 'T1', outcome: 'completed', result: plain }),
  record('mary', result),
  publishUpdate({ event: 'job', job }),
]

const refused = ({ updateAgentContext, record, publishUpdate }: Given, bad: WithFunction, unknown: unknown, input: PlainInput): unknown => [
  // @ts-expect-error a function
  updateAgentContext('mary', { run: () => 1 }),
  // @ts-expect-error a function
  updateAgentContext('mary', () => 1),
  // @ts-expect-error a text
  updateAgentContext('mary', 'text'),
  // @ts-expect-error an array
  updateAgentContext('mary', [1]),
  // @ts-expect-error a date, which becomes a text
  updateAgentContext('mary', new Date()),
  // @ts-expect-error a Map
  updateAgentContext('mary', new Map()),
  // @ts-expect-error a Map
  updateAgentContext('mary', { map: new Map() }),
  // @ts-expect-error a promise
  updateAgentContext('mary', { later: Promise.resolve(1) }),
  // @ts-expect-error a symbol
  updateAgentContext('mary', { name: Symbol('name') }),
  // @ts-expect-error an interface with a function
  updateAgentContext('mary', { jobs: [bad] }),
  // @ts-expect-error anything
  updateAgentContext('mary', { unknown }),
  // @ts-expect-error it need not be an object
  updateAgentContext('mary', input),
  // @ts-expect-error an interface with a function
  record('mary', { id: 'T1', outcome: 'completed', result: bad }),
  // @ts-expect-error a function
  record('mary', { id: 'T1', outcome: 'completed', result: () => 1 }),
  // @ts-expect-error without an outcome
  record('mary', { id: 'T1' }),
  // @ts-expect-error an interface with a function
  publishUpdate({ bad }),
]

it('takes what an interface describes, and refuses what is no JSON', () => {
  expect([taken, refused]).toHaveLength(2)
})
