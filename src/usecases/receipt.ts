/** From the outcome of a write to what its caller is told: a receipt, or an error that says why nothing was written. */
import type { Durability, WriteOutcome } from '../core/memory.js'
import { isLegalName, PATCHABLE_MEMBERS } from '../domain/name.js'
import { MemoryError } from '../errors/errors.js'

/** The conditions that a caller may put on a write. */
export interface WriteConditions {
  ifRev?: number
  /** A lease that was acquired will do. */
  fence?: { name: string; fence: number }
  idempotencyKey?: string
}

/** These and nothing else of a request that has them. */
export const conditionsIn = ({ ifRev, fence, idempotencyKey }: WriteConditions): WriteConditions => ({
  ...(ifRev !== undefined && { ifRev }),
  ...(fence !== undefined && { fence }),
  ...(idempotencyKey !== undefined && { idempotencyKey }),
})

export interface Receipt {
  ok: true
  /** The name of the agent, or of the patched member of the context. */
  agent: string
  rev: number | null
  durability: Durability
  pending: number
  replayed?: true
  journal?: false
}

type Refusal = Extract<WriteOutcome, { ok: false }>

/**
 * The receipt of an acknowledged write. Throws MemoryError where nothing was written: `conflict` with the current record in
 * `details.current`, `stale-fence`, `absent`, `usage` for an idempotency key that was used for another payload, `failed`
 * for an addition to what is no number. `conditions`: under which it was to be written; `otherwise`: what comes of it without a comparison.
 */
export function receiptOf(outcome: WriteOutcome, agent: string, conditions: WriteConditions = {}, otherwise = 'the write is merged with what is there'): Receipt {
  if (!outcome.ok) throw refusalOf(outcome, agent, conditions, otherwise)
  const { ok, rev, durability, pending, replayed, journal } = outcome
  return {
    ok,
    agent,
    rev,
    durability,
    pending,
    ...(replayed === true && { replayed }),
    ...(journal === false && { journal }),
  }
}

function refusalOf(refusal: Refusal, agent: string, { fence }: WriteConditions, otherwise: string): MemoryError {
  switch (refusal.reason) {
    case 'conflict':
      return lostComparison(refusal, agent, otherwise)
    case 'fence':
      return staleFence(refusal.fence, fence)
    case 'absent':
      return new MemoryError('absent', `there is no agent ${JSON.stringify(agent)}`, {
        suggestions: ['memory_sync get agents --compact shows who is there'],
      })
    case 'other-payload':
      return new MemoryError('usage', 'this idempotency key was used for another write; nothing was written', {
        suggestions: ['use a new key for a new write, and the same key only to repeat the very same one'],
        details: { refusal: refusal.reason },
      })
    case 'not-a-number':
      return new MemoryError(
        'failed',
        `at ${refusal.paths.join(', ')} there is no number, or one of too many digits to be added to exactly; nothing was written`,
        {
          suggestions: ['set it to a number first, with KEY=NUMBER'],
          details: { paths: refusal.paths },
        },
      )
  }
}

/** `newest`: of that lease, as far as is known; 0: none. */
function staleFence(newest: number, given: WriteConditions['fence']): MemoryError {
  const which = given === undefined ? 'the fence' : `the fence ${given.fence}`
  const ofLease = given === undefined ? '' : ` of the lease ${JSON.stringify(given.name)}`
  const isUnknown = newest === 0
  const isLast = !isUnknown && newest === given?.fence
  const why = isLast
    ? `${which}${ofLease} is void: it was granted before Redis began a new epoch (its data was lost, or may have been)`
    : isUnknown
      ? `${which} is stale: no grant${ofLease} is known`
      : `${which}${ofLease} is stale: it is ${newest} by now`
  const wayOut = isUnknown
    ? 'nobody is known to have had that lease; acquire it before you go on'
    : `${isLast ? 'no fence from before it counts any more' : 'the lease has ended, or somebody else has it now'}; acquire it anew before you go on`
  return new MemoryError('stale-fence', `${why}; nothing was written`, {
    suggestions: [`stop this work: ${wayOut}`],
    details: { fence: newest },
  })
}

function lostComparison(refusal: Extract<Refusal, { reason: 'conflict' }>, agent: string, otherwise: string): MemoryError {
  const { rev, current } = refusal
  // A name of older programs may be anything, and the line is copied into a shell.
  const path = PATCHABLE_MEMBERS.includes(agent) ? agent : `--agent ${isLegalName(agent) ? agent : 'NAME'}`
  const state = current === null ? 'does not exist' : `is at revision ${rev}`
  return new MemoryError('conflict', `${JSON.stringify(agent)} ${state}; nothing was written`, {
    suggestions: [
      `read it again (memory_sync get ${path}), decide anew, and repeat with --if-rev ${rev}`,
      `without --if-rev ${otherwise}`,
    ],
    details: { rev, current },
  })
}
