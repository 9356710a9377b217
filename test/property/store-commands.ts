/** Anything that can happen to a store, as data: what writers propose, what others write past us, and what gets lost. */
import fc from 'fast-check'
import { CONTEXT, type Draft, type Kind, TASK_LIST, type Target } from '../../src/domain/operation.js'

export const TARGETS: readonly Target[] = ['agent:mary', 'agent:rnd', CONTEXT, 'task:mary', TASK_LIST]

/** Ids of a few operations, as a root knows them. */
export type KnownIds = { id: number; rev: number; digest?: string; t: number }[]

export interface Proposed {
  do: 'propose'
  target: Target
  kind: Kind
  leaves: Draft['leaves']
  inserts: NonNullable<Draft['inserts']>
  lost: boolean
  t: number
  /** One of a few ids, so that some are used twice; undefined: a new one. */
  id: number | undefined
  digest: string | undefined
  /** How many commands ago the record was read. */
  readBefore: number
  floor: number
  epoch: 'present' | 'another'
  ifRev: 'none' | 'present' | 'zero' | 'wrong'
  fence: number | undefined
  gives: KnownIds
  expect: 'nothing' | 'roster' | 'no roster' | 'live' | 'not live' | 'every field'
}

export type Mark = 'sync' | 'seen' | 'counter' | 'stream'

export type Command =
  | Proposed
  | { do: 'begin'; atLeast: number }
  | { do: 'contain'; epoch: 'present' | 'another'; known: [string, number][]; ids: KnownIds }
  | { do: 'evict'; target: Target; parts: ('record' | 'stamps' | 'types')[] }
  | { do: 'evict marks'; keys: Mark[]; /** Somebody notices at once. */ atLeast: number | undefined }
  | { do: 'legacy set'; agent: string; field: string; text: string }
  | { do: 'heal'; target: Target; epoch: 'present' | 'another' }
  | { do: 'grant'; fence: number }

/** Redis forgets keys that were used more than a week ago. */
const NOW = Date.now()

const target = fc.constantFrom(...TARGETS)
const epoch = fc.constantFrom<('present' | 'another')[]>('present', 'present', 'present', 'present', 'another')

const paths = ['/status', '/n', '/context', '/context/a', '/context/a/b', '/context/ab', '/context/10', '/10', '/__proto__', '/', '/a\nb']
const path = fc.constantFrom(...paths)
const value = fc.constantFrom('"x"', '5', '"5"', '1.10', '{}', '[]', '[1]', '"[1]"', 'true', 'null', '"a\\nb"', '"ü"', null, null)
const stamp = fc.record({ t: fc.nat(9), rev: fc.nat(9), epoch: fc.constantFrom('r0', 'rx') })
const count = fc.record({ root: fc.constantFrom('h1', 'h2'), n: fc.integer({ min: 1, max: 3 }), sum: fc.constantFrom('1', '2.5') })

const leaf: fc.Arbitrary<Draft['leaves'][number]> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ path, value }) },
  { weight: 2, arbitrary: fc.record({ path, value, stamp }) },
  { weight: 2, arbitrary: fc.record({ path, value: fc.constantFrom('1', '2.5', '{}', null), counts: fc.array(count, { minLength: 1, maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.constant({ path: '', value: '{}' }) },
)
/** A deletion stands alone, as the engine makes it. */
const leaves: fc.Arbitrary<Draft['leaves']> = fc.oneof(
  { weight: 8, arbitrary: fc.array(leaf, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant<Draft['leaves']>([{ path: '', value: null }]) },
  { weight: 1, arbitrary: stamp.map((older) => [{ path: '', value: null, stamp: older }]) },
)
const insert = fc.record({
  path: fc.constant('/context/records'),
  value: fc.nat(3).map((n) => `{"id":"${n}","timestamp":"2025-01-01T00:00:0${9 - n}Z"}`),
  keep: fc.constantFrom(2, 20),
})

const knownIds: fc.Arbitrary<KnownIds> = fc.array(
  fc.oneof(
    fc.record({ id: fc.nat(5), rev: fc.nat(9), t: fc.constant(NOW) }),
    fc.record({ id: fc.nat(5), rev: fc.nat(9), digest: fc.constantFrom('d1', 'd2'), t: fc.constant(NOW) }),
  ),
  { maxLength: 2 },
)

const proposed: fc.Arbitrary<Proposed> = fc.record({
  do: fc.constant('propose' as const),
  target,
  kind: fc.constantFrom<Kind[]>('set', 'set', 'update', 'edit', 'restore', 'adopt'),
  leaves,
  inserts: fc.oneof({ weight: 4, arbitrary: fc.constant<Proposed['inserts']>([]) }, { weight: 1, arbitrary: fc.array(insert, { maxLength: 2 }) }),
  lost: fc.boolean(),
  t: fc.nat(100),
  id: fc.option(fc.nat(5), { nil: undefined }),
  digest: fc.option(fc.constantFrom('d1', 'd2'), { nil: undefined }),
  readBefore: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
  floor: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(60) }),
  epoch,
  ifRev: fc.constantFrom<Proposed['ifRev'][]>('none', 'none', 'none', 'present', 'zero', 'wrong'),
  fence: fc.option(fc.nat(40), { nil: undefined, freq: 4 }),
  gives: fc.oneof({ weight: 4, arbitrary: fc.constant<KnownIds>([]) }, { weight: 1, arbitrary: knownIds }),
  expect: fc.constantFrom<Proposed['expect'][]>('nothing', 'nothing', 'roster', 'no roster', 'live', 'not live', 'every field'),
})

const legacy: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('legacy set' as const),
  agent: fc.constantFrom('mary', 'rnd'),
  field: fc.constantFrom('status', 'n', 'context', 'insight', 'rev', 'a\nb'),
  text: fc.constantFrom('x', '5', '{"a":1}', '{ "b" : [] }', '[1]', ''),
})
const heal: fc.Arbitrary<Command> = fc.record({ do: fc.constant('heal' as const), target, epoch })

const others: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('begin' as const), atLeast: fc.nat(50) }),
  fc.record({
    do: fc.constant('contain' as const),
    epoch,
    known: fc.array(fc.tuple(fc.constantFrom('r0', 'rx'), fc.nat(50)), { maxLength: 2 }),
    ids: knownIds,
  }),
  fc.record({
    do: fc.constant('evict' as const),
    target,
    parts: fc.subarray<'record' | 'stamps' | 'types'>(['record', 'stamps', 'types'], { minLength: 1 }),
  }),
  fc.record({
    do: fc.constant('evict marks' as const),
    keys: fc.subarray<Mark>(['sync', 'seen', 'counter', 'stream'], { minLength: 1 }),
    atLeast: fc.option(fc.nat(50), { nil: undefined, freq: 3 }),
  }),
  legacy,
  legacy,
  heal,
  heal,
  fc.record({ do: fc.constant('grant' as const), fence: fc.nat(40) }),
)

/** Mostly proposals; they begin with an epoch, since nothing happens without one. */
export const commands: fc.Arbitrary<Command[]> = fc
  .array(fc.oneof({ weight: 5, arbitrary: proposed }, { weight: 2, arbitrary: others }), { minLength: 1, maxLength: 30 })
  .map((list) => [{ do: 'begin', atLeast: 5 }, ...list])
