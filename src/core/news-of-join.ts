/** What the watchers of a replica are told when the root has joined another lineage. */
import { lineageOf, type Replica } from '../domain/replica.js'
import type { Lineage, Store } from '../store/contract.js'
import type { News } from './root-copy.js'

/** More changes at once are told as a gap. */
const MOST = 1_000

/** They go on without a gap where nothing was lost and nothing missed. */
export async function newsOfJoin(store: Store, before: Replica, joined: Replica, lineage: Lineage): Promise<News> {
  const lost: News = { is: 'lost', rev: joined.rev }
  // Who has nothing yet has missed nothing where there was no epoch before this one.
  // And that all of ours is contained does not mean that we know all that is: a join that did not come to its end has said the one.
  const known = lineageOf(before)
  const isKnown = [...lineage.contains].every(([epoch, rev]) => rev <= (known.get(epoch) ?? -1))
  const isWhole = before.rev === 0 ? lineage.contains.size === 0 : isKnown && lineage.contains.get(before.epoch ?? '') === before.rev
  if (!isWhole) return lost
  const changes = (await store.changesAfter(before.rev, MOST)).changes.filter((change) => change.rev <= joined.rev)
  const [first, ...rest] = changes
  if (first === undefined) return joined.rev === lineage.first ? { is: 'renumbered', from: before.rev, to: joined.rev } : lost
  // What an epoch between ours and this one committed may be there in part only.
  const isThisEpoch = changes.every((change) => change.epoch === lineage.epoch)
  if (!isThisEpoch || first.prev > lineage.first || changes.length === MOST) return lost
  return { is: 'changes', changes: [{ ...first, prev: Math.min(first.prev, before.rev) }, ...rest] }
}
