/** A drop: what an agent left in the inbox, and the write that it asks for. Pure. */
import type { WriteRequest } from '../core/memory.js'
import { InvalidJson, leafOf, parseTree, type Tree } from '../domain/json.js'
import { isLegalName } from '../domain/name.js'
import { agentTarget, type Edit } from '../domain/operation.js'
import { formatPointer } from '../domain/pointer.js'
import { STALE_MS } from '../domain/presence.js'
import { formatTime } from '../domain/time.js'
import { leavesOf } from '../domain/tree.js'
import { MemoryError } from '../errors/errors.js'
import { refuseTooLarge } from '../usecases/limits.js'
import { editsOfMergePatch } from '../usecases/merge-patch.js'

export interface DropName {
  agent: string
  /** `context`, or what came out: `result`, `outcome`. */
  what: string
  /** When it was dropped, ms. */
  at: number
}

const NAME = /^(.+)_(\d+)\.json$/
/** Behind the epoch a program may have put a number of its own, so that two drops of one second stay two. */
const EPOCH_INSIDE = /^(.+)_(\d{9,16})$/
/** Of this many ms since 1970 on, a number is in ms: as seconds it would be the year 5138. */
const FIRST_MS = 1e11

/**
 * `<agent>_<what>_<epoch>.json`, the epoch in s or ms. Agents may have `_` in their names: the longest name before a `_` that
 * `isAgent` knows is the agent, else what stands before the first `_`. null: it is no such name, or the agent's is not legal.
 */
export function parseDropName(name: string, isAgent: (name: string) => boolean = () => false): DropName | null {
  const [, stem = '', last = ''] = NAME.exec(name) ?? []
  const [, stemBefore = '', epochInside = ''] = EPOCH_INSIDE.exec(stem) ?? []
  const inside = splitStem(stemBefore, isAgent)
  const found = inside ?? splitStem(stem, isAgent)
  if (found === null || !isLegalName(found.agent)) return null
  const epoch = Number(inside === null ? last : epochInside)
  return { ...found, at: epoch < FIRST_MS ? epoch * 1000 : epoch }
}

/** True: who is meant depends on which agents there are. */
export const isAmbiguous = (name: string): boolean => /_.*_.*_/.test(name)

function splitStem(stem: string, isAgent: (name: string) => boolean): Pick<DropName, 'agent' | 'what'> | null {
  const cuts = [...stem.matchAll(/_/g)].map(({ index }) => index).filter((at) => at < stem.length - 1)
  const cut = cuts.findLast((at) => isAgent(stem.slice(0, at))) ?? cuts[0]
  return cut === undefined ? null : { agent: stem.slice(0, cut), what: stem.slice(cut + 1) }
}

/** A drop of the same content under the same name is the same drop. `digest` is of the content. */
export const dropKey = (name: string, digest: string): string => `drop:${name}:${digest}`

/**
 * `context` is a merge patch into the agent's context; anything else is recorded there under its own name, in place of the one
 * before. A new agent is `active`, and was last seen when it dropped this; a drop that has lain for longer than an agent takes to be
 * stale is no sign that one is there. Throws MemoryError `usage` for what cannot be kept.
 */
export function writeOfDrop(
  drop: DropName,
  content: Tree,
  now: { ms: number; offsetMinutes: number },
): Omit<WriteRequest, 'idempotencyKey'> {
  const seenAt = Math.min(drop.at, now.ms)
  const seen = leafOf(formatTime(seenAt, now.offsetMinutes))
  const isOld = now.ms - seenAt > STALE_MS
  return {
    target: agentTarget(drop.agent),
    kind: drop.what === 'context' ? 'set' : 'record',
    by: drop.agent,
    edits: [
      { do: 'default', path: '/status', value: leafOf('active') },
      { do: 'default', path: '/last_seen', value: seen },
      isOld
        ? { do: 'default', path: '/last_update', value: seen }
        : { do: 'set', path: '/last_update', value: leafOf(formatTime(now.ms, now.offsetMinutes)) },
      ...editsOfContent(drop, content),
    ],
  }
}

function editsOfContent({ what }: DropName, content: Tree): Edit[] {
  if (what !== 'context') return editsOfValue(what, content)
  if (typeof content === 'string') throw new MemoryError('usage', 'a context has to be a JSON object')
  for (const [key, value] of content) refuseTooLarge(JSON.stringify(key.slice(0, 80)), value)
  return editsOfMergePatch(content, '/context')
}

function editsOfValue(what: string, content: Tree): Edit[] {
  refuseTooLarge(JSON.stringify(what), content)
  const path = `/context${formatPointer([what])}`
  const leaves = leavesOf(content, path).map((leaf): Edit => ({ do: 'set', path: leaf.path, value: leaf.value ?? 'null' }))
  // An object takes the place of the one before; leaf by leaf it would be mixed with it.
  return typeof content === 'string' ? leaves : [{ do: 'delete', path }, ...leaves]
}

/** Throws MemoryError `usage` where the text is no JSON that can be kept. */
export function parseDrop(text: string): Tree {
  try {
    return parseTree(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch (error) {
    if (!(error instanceof InvalidJson)) throw error
    throw new MemoryError('usage', `it is no valid JSON: ${error.message}`, { cause: error })
  }
}
