/**
 * context.json as the answer to a read without a hub. Who has found that it shows everything notes what it had looked at; as long as none
 * of that has changed, the next reader needs the file alone. What Redis had is known by a validator (RFC 9110, 8.8), taken before anything
 * was read there: what came in between makes it another one.
 */
import { StoreUnavailable } from '../errors/errors.js'
import type { Root } from '../store/root.js'
import type { Keeper } from './keeper.js'
import type { Ports } from './ports.js'

/** What context.json says where it is the answer, and whose it would have been. */
export interface Fresh {
  text: string
  source: 'redis' | 'file'
}

/** With files only everything is told by the files. */
const NO_STORE = 'files only'

/** Of the shared store. null: it is away, or cannot tell. */
export async function validatorOf({ connector }: Pick<Ports, 'connector'>): Promise<string | null> {
  try {
    const store = await connector.connect()
    if (store === null) return connector.configured === 'named' ? null : NO_STORE
    return (await store.validator?.()) ?? null
  } catch (error) {
    if (error instanceof StoreUnavailable) return null // who reads it next says so
    throw error
  }
}

/** context.json, where nothing has happened since it was found to show everything; null: that is not known. */
export async function freshText(root: Root, validator: string | null): Promise<Fresh | null> {
  const note = validator === null ? null : await root.freshness.read()
  if (note?.store !== validator || !(await root.isSaved(note.saved)) || !(await root.isTail(note.tail))) return null
  // The text itself: within one tick of the file system's clock an edit may change neither time nor length.
  if ((await root.document.read())?.text !== note.text) return null
  return { text: note.text, source: validator === NO_STORE ? 'file' : 'redis' }
}

/** Notes that context.json, with this text, shows everything that `view` knows, where that is all there is. `validator`: from before that was read. */
export async function noteFresh(root: Root, validator: string | null, view: Keeper, text: string): Promise<void> {
  const { behind } = view
  if (validator === null || behind === null || view.hasWork() || view.mode !== (validator === NO_STORE ? 'off' : 'online')) return
  await root.freshness.write({ store: validator, ...behind, text })
}
