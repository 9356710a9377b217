/** What a store says of an id that a root gave back to it. */
import type { Change } from '../domain/operation.js'
import { StoreUnavailable } from '../errors/errors.js'
import type { Store } from '../store/contract.js'

/**
 * With which revision what a duplicate has written is in the store's lineage, at the latest. Of an id that was given back the store knows the
 * number in a lineage that was lost: its data came with another change, which is here only when the last one that there is now is.
 * `known`: a revision of the lineage that this root has; a higher number is of the lineage, and need not be asked for.
 */
export async function arrivalOf(store: Pick<Store, 'hello'>, rev: number, known: number): Promise<number> {
  if (rev === 0 || rev > known) return rev // 0: it has written nothing
  const { first, rev: last } = await store.hello()
  return rev > first ? rev : last
}

/** Where it stands, for the line of the journal. Where nobody can tell, it counts as pending there, and the next round asks again. */
export async function placeOf(
  done: { is: 'committed'; change: Change } | { is: 'duplicate'; rev: number },
  { epoch, rev: known }: { epoch: string; rev: number },
  connector: { connect(): Promise<Pick<Store, 'hello'> | null> },
): Promise<{ rev: number; epoch: string } | undefined> {
  if (done.is === 'committed') return { rev: done.change.rev, epoch }
  if (done.rev > known) return { rev: done.rev, epoch }
  try {
    const store = await connector.connect()
    return store === null ? undefined : { rev: await arrivalOf(store, done.rev, known), epoch }
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}
