/** `set`: a merge patch into an agent's context, or into `current_work` or `token_usage`. */
import { formatLine, leafOf, type TreeMap } from '../domain/json.js'
import type { Edit } from '../domain/operation.js'
import { MemoryError } from '../errors/errors.js'
import { editsOfAssignment } from './assignment.js'
import { refuseTooLarge, refuseTooLargeMembers } from './limits.js'
import { editsOfMergePatch } from './merge-patch.js'
import { conditionsIn, receiptOf, type Receipt, type WriteConditions } from './receipt.js'
import { type Surroundings, timeLeaf } from './surroundings.js'
import { patchTargetOf } from './target.js'

export interface SetRequest extends WriteConditions {
  /** The name of an agent, `current_work` or `token_usage`. */
  name: string
  /** RFC 7386. Applied before the assignments. */
  patch?: TreeMap
  /** `KEY=VALUE` or `KEY+=N`, in this order. */
  assignments?: readonly string[]
  /** Of the agent; without it an existing one stays, and a new record gets `active`. */
  status?: string
}

/** Throws MemoryError: `usage` before anything is written, else what `receiptOf` says. */
export async function setContext(surroundings: Surroundings, request: SetRequest): Promise<Receipt> {
  const { name, patch, assignments = [], status } = request
  const to = await patchTargetOf(surroundings.memory, name)
  if (patch === undefined && assignments.length === 0 && status === undefined) throw nothingToSet()
  if (status === '') throw emptyStatus()
  if (patch !== undefined) refuseTooLargeMembers(patch)
  const edits: Edit[] = [
    ...(patch === undefined ? [] : editsOfMergePatch(patch, to.under)),
    ...assignments.flatMap((assignment) => editsOfAssignment(assignment, to.under)),
  ]
  const outcome = await surroundings.memory.write({
    target: to.target,
    kind: 'set',
    edits: to.agent ? [...recordEdits(surroundings, status), ...edits] : withoutStatus(edits, status, name),
    by: surroundings.by,
    payload: JSON.stringify([patch === undefined ? null : formatLine(patch), assignments, status ?? null]),
    ...conditionsIn(request),
  })
  return receiptOf(outcome, name, request)
}

function recordEdits(surroundings: Surroundings, status: string | undefined): Edit[] {
  const now = timeLeaf(surroundings)
  if (status !== undefined) refuseTooLarge('the status', leafOf(status))
  return [
    status === undefined
      ? { do: 'default', path: '/status', value: leafOf('active') }
      : { do: 'set', path: '/status', value: leafOf(status) },
    { do: 'default', path: '/last_seen', value: now },
    { do: 'set', path: '/last_update', value: now },
  ]
}

function withoutStatus(edits: Edit[], status: string | undefined, name: string): Edit[] {
  if (status === undefined) return edits
  throw new MemoryError('usage', `${name} has no status: only agents have`, {
    suggestions: ['leave --status and --with-status out, or name an agent'],
  })
}

const emptyStatus = (): MemoryError =>
  new MemoryError('usage', 'the status is empty', {
    suggestions: ['give one, as --status active, or leave --status out: the status then stays as it is'],
  })

const nothingToSet = (): MemoryError =>
  new MemoryError('usage', 'there is nothing to set', {
    suggestions: ['give KEY=VALUE, --patch JSON or --status STATUS'],
  })
