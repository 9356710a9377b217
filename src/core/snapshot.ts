/** Everything that a store has, as one consistent picture although it is read a record at a time. */
import { applyChange, cloneEntry, deletesRecord, emptyEntry, type Entry } from '../domain/entry.js'
import { addAll } from '../domain/lists.js'
import type { Change, Target } from '../domain/operation.js'
import type { Replica } from '../domain/replica.js'
import type { Lineage, Store, Stored } from '../store/contract.js'

/** Records that are asked for together. Of more, what is not needed any more lies about longer than it takes to read them. */
const AT_A_TIME = 500

export interface StoreSnapshot {
  lineage: Lineage
  stored: Map<Target, Stored>
}

export async function readAll(store: Store, lineage: Lineage): Promise<StoreSnapshot> {
  const targets = await store.targets()
  const stored = new Map<Target, Stored>()
  for (let from = 0; from < targets.length; from += AT_A_TIME) {
    const some = targets.slice(from, from + AT_A_TIME)
    const read = await Promise.all(some.map((target) => store.read(target)))
    for (const [at, target] of some.entries()) stored.set(target, read[at]!)
  }
  return { lineage, stored }
}

/**
 * A record that the roster has and the store has lost, rebuilt from what this root knows and the changes since; undefined
 * where a part of it is known to nobody here.
 */
export async function rebuildEvicted(
  store: Store,
  target: Target,
  roster: Roster,
  known: Entry | undefined,
): Promise<Entry | undefined> {
  if (known?.live === true && known.rev === roster.rev && known.born === roster.born) return cloneEntry(known)
  const since = known === undefined ? undefined : await rebuildSince(store, target, known)
  return isRebuilt(since, roster) ? since : rebuildFromBirth(store, target, roster)
}

type Roster = NonNullable<Stored['roster']>

const isRebuilt = (entry: Entry | undefined, roster: Roster): entry is Entry => entry?.live === true && entry.rev >= roster.rev

/** From what is known here, if the stream still has all that followed. */
async function rebuildSince(store: Store, target: Target, known: Entry): Promise<Entry | undefined> {
  const changes = await changesSince(store, known.rev)
  if ((changes[0]?.prev ?? 0) > known.rev) return undefined
  const entry = cloneEntry(known)
  for (const change of changes) if (change.target === target) applyChange(entry, change)
  return entry
}

/** From the change with which the record came to be. One of that name that was deleted before has left the time of that: older writes stay away. */
async function rebuildFromBirth(store: Store, target: Target, roster: Roster): Promise<Entry | undefined> {
  const changes = (await changesSince(store, 0)).filter((change) => change.target === target)
  const birth = changes.findIndex(({ rev }) => rev === roster.born)
  if (birth < 0) return undefined
  const deletion = changes.slice(0, birth).findLast(deletesRecord)
  const entry = emptyEntry()
  for (const change of [...(deletion === undefined ? [] : [deletion]), ...changes.slice(birth)]) applyChange(entry, change)
  return isRebuilt(entry, roster) ? entry : undefined
}

const PAGE = 1_000

/** Every change with a higher revision that the store still has. */
export async function changesSince(store: Store, rev: number): Promise<Change[]> {
  const all: Change[] = []
  for (let cursor = rev; ; ) {
    const { changes } = await store.changesAfter(cursor, PAGE)
    addAll(all, changes)
    if (changes.length < PAGE) return all
    cursor = changes.at(-1)!.rev
  }
}

/** The records of a snapshot; of an evicted one, what this root can rebuild, else what it knew. */
export async function entriesOf(store: Store, snapshot: StoreSnapshot, replica: Replica): Promise<Map<Target, Entry>> {
  const entries = new Map<Target, Entry>()
  for (const [target, { roster, entry, evicted }] of snapshot.stored) {
    if (roster === null) continue // a legacy program made it: it is taken in as a change
    if (!evicted) entries.set(target, entry ?? emptyEntry())
    else {
      const known = replica.entries.get(target)
      const rebuilt = (await rebuildEvicted(store, target, roster, known)) ?? known
      if (rebuilt !== undefined) entries.set(target, rebuilt)
    }
  }
  return entries
}
