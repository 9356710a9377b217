/** A connection to Redis as a process has it: it ends with the server, loses answers, and is silent while the server is stopped. */
import { StoreUnavailable } from '../../src/errors/errors.js'
import type { Proposal, Store, Verdict } from '../../src/store/contract.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Process } from './scheduler.js'
import { note } from './trace.js'
import type { Host, World } from './world.js'

export function linkOf(world: World, host: Host, process: Process): Store {
  const store = new MemoryStore(world.server)
  const call = callerOf(world, host, process)
  return {
    name: 'memory',
    shared: true,
    hello: () => call(() => store.hello()),
    beginEpoch: (seen, next) =>
      call(async () => {
        const lineage = await store.beginEpoch(seen, next)
        note(world.now, process.name, 'epoch', seen.epoch, '->', lineage.epoch, lineage.rev, [...lineage.contains])
        return lineage
      }),
    read: (target) => call(() => store.read(target)),
    unlike: (known) => call(() => store.unlike(known)),
    storedAs: (target, entry) => store.storedAs(target, entry),
    targets: () => call(() => store.targets()),
    commit: (proposal) =>
      call(async () => {
        const verdict = await store.commit(proposal)
        noteVerdict(world, process, proposal, verdict)
        if (verdict.is === 'committed') world.commits.push(verdict.change)
        return verdict
      }),
    heal: (epoch, target, roster, entry) =>
      call(() => {
        note(world.now, process.name, 'heal', target, roster, entry.rev, [...entry.tree.keys()])
        return store.heal(epoch, target, roster, entry)
      }),
    changesAfter: (rev, limit) => call(() => store.changesAfter(rev, limit)),
    contain: (epoch, known, ids) =>
      call(() => {
        note(world.now, process.name, 'contain', epoch, [...known], ids.length)
        return store.contain(epoch, known, ids)
      }),
    seenIds: (after) => call(() => store.seenIds(after)),
    close: () => store.close(),
  }
}

type Call = <T>(work: () => Promise<T>) => Promise<T>

function callerOf(world: World, host: Host, process: Process): Call {
  const { server } = world
  const { run } = server
  return async (work) => {
    await process.gate()
    if (!world.reaches(host) || server.run !== run) throw new StoreUnavailable('connection refused', false)
    if (world.state === 'stopped') {
      if (world.chance.chance(0.6)) world.queue(run, work)
      await process.gate()
      throw new StoreUnavailable('no answer', true)
    }
    const result = await work()
    if (world.chance.chance(world.options.replyLoss)) {
      await process.gate()
      throw new StoreUnavailable('connection lost', true)
    }
    await process.gate()
    if (server.run !== run && world.chance.chance(0.5)) throw new StoreUnavailable('connection lost', true)
    return result
  }
}

function noteVerdict(world: World, process: Process, { draft }: Proposal, verdict: Verdict): void {
  const { id, target, kind, t, leaves, lost } = draft
  const what = verdict.is === 'committed' ? { rev: verdict.change.rev, leaves, lost } : verdict
  note(world.now, process.name, 'commit', kind, target, id.slice(0, 8), 't', t - 1_700_000_000_000, verdict.is, what)
}
