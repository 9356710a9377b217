/**
 * Whatever two or three roots do, with or without their Redis, and whatever becomes of its data: in the end all say the same, nothing
 * that was acknowledged has disappeared but to a newer write of the same field, and doing it all once more changes nothing.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TreeMap } from '../../src/domain/json.js'
import { agentTarget, type Edit } from '../../src/domain/operation.js'
import { MemoryServer, type MemorySnapshot } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { runs } from '../support/budget.js'
import { AGENTS, complaintsOf, NUMBER, SUMS } from './complaints.js'
import { RootActor, type Told } from './root-actor.js'

const SEED = Number(process.env['MEMORY_SYNC_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000))
const RUNS = Number(process.env['MEMORY_SYNC_TEST_RUNS'] ?? runs(2_000, 200))
console.log(`roots converge: ${RUNS} cases with MEMORY_SYNC_TEST_SEED=${SEED}`)

const PATHS = ['/status', '/context/a', '/context/b', '/context/b/c', '/context/b/d'] as const
/** How it ends: there, above or below. */
const ENDS = [
  { do: 'delete', path: NUMBER },
  { do: 'delete', path: '/context/box' },
  { do: 'set', path: '/context/box' },
  { do: 'set', path: `${NUMBER}/part` },
] as const
type Action =
  | { do: 'set'; root: number; agent: string; path: string; fault: boolean }
  | { do: 'unset'; root: number; agent: string; path: string; fault: boolean }
  | { do: 'remove'; root: number; agent: string; fault: boolean }
  | { do: 'empty'; root: number; agent: string; fault: boolean }
  | { do: 'number'; root: number; agent: string; how: 'set' | 'add'; by: number; fault: boolean }
  | { do: 'end'; root: number; agent: string; how: (typeof ENDS)[number]; fault: boolean }
  | { do: 'add'; root: number; by: number; fault: boolean }
  | { do: 'insert'; root: number; fault: boolean }
  | { do: 'again'; root: number; which: number }
  | { do: 'edit'; root: number; ago: number; agent: string; path: string; how: 'set' | 'unset' | 'remove' }
  | { do: 'round' | 'cut' | 'mend'; root: number }
  | { do: 'meet' }
  | { do: 'lose'; what: 'data' | 'process' | 'both' | 'since' }
  | { do: 'evict'; agent: string }
  | { do: 'wait'; ms: number }

const root = fc.nat(2)
const agent = fc.constantFrom(...AGENTS)
const path = fc.constantFrom(...PATHS)
const fault = fc.boolean()
const ofNumber = (agent: fc.Arbitrary<string>): fc.Arbitrary<Action> => fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('number' as const), root, agent, how: fc.constantFrom('set', 'add'), by: fc.nat(9), fault }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), root, agent, how: fc.constantFrom(...ENDS), fault }) },
)
const ofRoot: fc.Arbitrary<Action> = fc.record({ do: fc.constantFrom('round' as const, 'cut' as const, 'mend' as const), root })
const loss: fc.Arbitrary<Action> = fc.record({ do: fc.constant('lose' as const), what: fc.constantFrom('data', 'process', 'both', 'since') })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), root, agent, path, fault }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unset' as const), root, agent, path, fault }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), root, agent, fault }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty' as const), root, agent, fault }) },
  { weight: 5, arbitrary: ofNumber(agent) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), root, by: fc.integer({ min: 1, max: 9 }), fault }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('insert' as const), root, fault }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('again' as const), root, which: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('edit' as const), root, ago: fc.nat(3), agent, path, how: fc.constantFrom('set', 'unset', 'remove') }) },
  { weight: 6, arbitrary: ofRoot },
  { weight: 1, arbitrary: loss },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), agent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, 11_000) }) },
)

class Fleet {
  readonly roots: RootActor[]
  readonly server: MemoryServer
  private time = 1_700_000_000_000
  private values = 0
  private former: MemorySnapshot

  constructor(count: number) {
    this.server = new MemoryServer({ now: () => this.time })
    this.former = this.server.snapshot()
    // Their clocks differ by seconds from each other and from that of Redis.
    this.roots = Array.from({ length: count }, (_, n) => new RootActor(`root${n}`, this.server, () => this.time + 3_000 * (n - 1)))
  }

  async act(action: Action): Promise<void> {
    this.time += 7
    const root = 'root' in action ? this.roots[action.root % this.roots.length]! : this.roots[0]!
    const fault = 'fault' in action && action.fault ? 'reply lost' : 'none'
    const value = `"v${++this.values}"`
    const write = (agent: string, edit: Edit): Promise<void> =>
      root.write(agentTarget(agent), edit.do === 'delete' && edit.path === '' ? 'delete' : 'set', [edit], fault)
    switch (action.do) {
      case 'set':
        return write(action.agent, { do: 'set', path: action.path, value })
      case 'empty':
        return write(action.agent, { do: 'set', path: '/context/b', value: '{}' })
      case 'number':
        return write(action.agent, action.how === 'add' ? { do: 'add', path: NUMBER, by: String(action.by) } : { do: 'set', path: NUMBER, value: `${++this.values}00` })
      case 'end':
        return write(action.agent, action.how.do === 'delete' ? { ...action.how } : { ...action.how, value })
      case 'unset':
        return write(action.agent, { do: 'delete', path: action.path })
      case 'remove':
        return write(action.agent, { do: 'delete', path: '' })
      case 'add':
        return root.write(SUMS, 'set', [{ do: 'add', path: '/context/n', by: String(action.by) }], fault)
      case 'insert':
        return root.write(SUMS, 'record', [{ do: 'insert', path: '/context/records', value: `{"id":${value}}`, keep: 20 }], fault)
      case 'again':
        return root.again(action.which)
      case 'edit':
        root.edit(action.ago, (document) => {
          editByHand(document, action, value)
        })
        return
      case 'round':
        return root.round()
      case 'meet':
        for (const each of this.roots) await each.round()
        return
      case 'cut':
        root.isCut = true
        return
      case 'mend':
        root.isCut = false
        return
      case 'lose':
        this.lose(action.what)
        return
      case 'evict':
        this.server.evict(agentTarget(action.agent))
        return
      case 'wait':
        this.time += action.ms
    }
  }

  private lose(what: 'data' | 'process' | 'both' | 'since'): void {
    if (what === 'data') this.server.flush()
    else this.server.restart({ keep: what === 'process' ? 'all' : what === 'both' ? 'nothing' : this.former })
    this.former = this.server.snapshot()
  }

  /** Until all have told each other everything; what was evicted is put back by whoever knows it best, after a while. */
  async settle(): Promise<void> {
    for (const root of this.roots) root.isCut = false
    // An addition behind a deletion that waited, too, goes a round later.
    for (let n = 0, quiet = 0; quiet < 3 && n < 30; n++) {
      quiet = this.roots.some(({ copy }) => copy.hasWork()) ? 0 : quiet + 1
      for (const root of this.roots) {
        await root.round()
        this.time += 11_000
      }
    }
  }

  get told(): Told[] {
    return this.roots.flatMap((root) => root.told)
  }

  /** Everything that a root knows, and the store. */
  async picture(): Promise<unknown[]> {
    const store = new MemoryStore(this.server)
    const targets = (await store.targets()).sort()
    const inStore = await Promise.all(targets.map(async (target) => [target, (await store.read(target)).entry?.tree] as const))
    const ofRoot = ({ copy }: RootActor): unknown => ({
      rev: copy.replica.rev,
      waiting: copy.open.all(),
      records: targets.map((target) => [target, copy.replica.entries.get(target)] as const),
    })
    return [inStore, ...this.roots.map(ofRoot)]
  }
}

function editByHand(document: TreeMap, { agent, path, how }: Extract<Action, { do: 'edit' }>, value: string): void {
  const agents = document.get('agents') as TreeMap
  if (how === 'remove') {
    agents.delete(agent)
    return
  }
  const record = (agents.get(agent) as TreeMap | undefined) ?? new Map()
  agents.set(agent, record)
  const steps = path.split('/').slice(1)
  let at: TreeMap = record
  for (const step of steps.slice(0, -1)) {
    const next = at.get(step)
    const map: TreeMap = typeof next === 'object' ? next : new Map()
    at.set(step, map)
    at = map
  }
  if (how === 'set') at.set(steps.at(-1)!, value)
  else at.delete(steps.at(-1)!)
}

const everything = fc.array(action, { minLength: 5, maxLength: 30 })
const numberAndLosses = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: ofNumber(fc.constant('mary')) },
    { weight: 2, arbitrary: ofRoot },
    { weight: 2, arbitrary: fc.constant<Action>({ do: 'meet' }) },
    { weight: 1, arbitrary: loss },
  ),
  { minLength: 5, maxLength: 20 },
)

it.each([
  ['all roots agree in the end, nothing acknowledged is lost or done twice, and once more changes nothing', everything],
  ['what was added to a number that was deleted or replaced does not come back, and what is added to it since counts', numberAndLosses],
])('%s', async (_, some) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 3 }), some, async (count, actions) => {
      const fleet = new Fleet(count)
      for (const root of fleet.roots) await root.round()
      for (const action of actions) await fleet.act(action)
      await fleet.settle()
      const [inStore, first, ...others] = await fleet.picture()
      for (const other of others) expect(other).toEqual(first)
      const { records, waiting } = first as { records: [string, { tree: TreeMap }][]; waiting: unknown[] }
      expect(waiting).toEqual([])
      expect(records.map(([target, entry]) => [target, entry.tree])).toEqual(inStore)
      expect(complaintsOf(fleet.roots[0]!.copy.replica.entries, fleet.told)).toEqual([])
      await fleet.settle()
      expect(await fleet.picture()).toEqual([inStore, first, ...others])
    }),
    { numRuns: RUNS, seed: SEED },
  )
}, Math.max(60_000, RUNS * 100))
