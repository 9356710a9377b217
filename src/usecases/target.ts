/** What a write is about: an agent's record, or a member of the context that is patched like one. */
import type { Memory } from '../core/memory.js'
import { isLegalName, PATCHABLE_MEMBERS } from '../domain/name.js'
import { agentTarget, CONTEXT, type Target } from '../domain/operation.js'
import { formatPointer, type Pointer } from '../domain/pointer.js'
import { MemoryError } from '../errors/errors.js'

export interface PatchTarget {
  target: Target
  /** A patch goes below this. */
  under: Pointer
  agent: boolean
}

/** Throws MemoryError `usage` for a name that no agent may have, unless an older program has already given it to one. */
export async function patchTargetOf(memory: Memory, name: string): Promise<PatchTarget> {
  if (PATCHABLE_MEMBERS.includes(name)) return { target: CONTEXT, under: formatPointer([name]), agent: false }
  await refuseNewIllegalName(memory, name)
  return { target: agentTarget(name), under: '/context', agent: true }
}

/** The target of a write that concerns agents only. Throws as `patchTargetOf` does, and for members of the context. */
export async function agentTargetOf(memory: Memory, name: string): Promise<Target> {
  await refuseNewIllegalName(memory, name)
  return agentTarget(name)
}

/** The target of a removal: what an older program has made goes too, if it has the name of a member of the context. Throws as `patchTargetOf` does. */
export async function removedTargetOf(memory: Memory, name: string): Promise<Target> {
  if (!PATCHABLE_MEMBERS.includes(name) || !(await isKnown(memory, name))) await refuseNewIllegalName(memory, name)
  return agentTarget(name)
}

async function refuseNewIllegalName(memory: Memory, name: string): Promise<void> {
  if (isLegalName(name)) return
  if (!PATCHABLE_MEMBERS.includes(name) && (await isKnown(memory, name))) return
  throw new MemoryError('usage', `${shown(name)} is no name for an agent`, { suggestions: [wayOut(name)] })
}

async function isKnown(memory: Memory, name: string): Promise<boolean> {
  const agents = (await memory.read())?.context.get('agents')
  return typeof agents === 'object' && agents.has(name)
}

const SHOWN_CHARACTERS = 80

const shown = (name: string): string =>
  JSON.stringify(name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}...` : name)

function wayOut(name: string): string {
  if (PATCHABLE_MEMBERS.includes(name)) return `it is a member of the context: memory_sync set ${name} KEY=VALUE`
  return 'a name has 1 to 64 of ASCII letters, digits, ".", "_", "-" and ":", and is no reserved word such as ".." or "__proto__"'
}
