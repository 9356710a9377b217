/** Why a lease was not granted, renewed or released, as an error that says what to do. */
import type { AcquireOutcome } from '../core/leasing.js'
import { MemoryError } from '../errors/errors.js'
import type { LeaseView } from '../store/lease-contract.js'
import { isFree } from '../store/lease-view.js'
import type { Surroundings } from './surroundings.js'

type NotGranted = Exclude<AcquireOutcome, { is: 'granted' }>

export function refusalOf(name: string, outcome: { is: 'wrong-token'; holder: string } | { is: 'not-held' }): MemoryError {
  if (outcome.is === 'not-held') return notHeld(name)
  const { holder } = outcome
  return new MemoryError('wrong-token', `this token is not the one of ${JSON.stringify(name)}, which ${holder} has; nothing was changed`, {
    suggestions: ['who had it before has lost it: stop this work', `memory_sync lock status ${name}`],
    details: { name, holder },
  })
}

export const notHeld = (name: string): MemoryError =>
  new MemoryError('not-held', `nobody has the lease ${JSON.stringify(name)}: it was released, or its time is over`, {
    suggestions: [`memory_sync lock acquire ${name}`],
    details: { name },
  })

interface Why {
  why: string
  details: Record<string, unknown>
}

/** The last answer to who has waited may be as old as the time for which nobody could decide. */
export async function whyInTheEnd({ memory }: Pick<Surroundings, 'memory'>, name: string, last: NotGranted, hasWaited: boolean): Promise<Why> {
  if (!hasWaited) return whyNot(last)
  try {
    const view = await memory.leases.look(name)
    return isFree(view) ? { why: 'nobody has it by now', details: { holder: null } } : whyNotFree(view)
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code !== 'unavailable') throw error
    const { why, details } = whyNot(last)
    return { why: `when it could be seen last, ${why}`, details }
  }
}

export function notGranted(name: string, { why, details }: Why, waitMs: number): MemoryError {
  const waited = waitMs > 0 ? ` after ${waitMs / 1_000} s` : ''
  return new MemoryError(waitMs > 0 ? 'timeout' : 'held', `${JSON.stringify(name)} was not granted${waited}: ${why}`, {
    suggestions: waitMs > 0 ? [`memory_sync lock status ${name}`] : ['wait for it with --wait SECONDS', `memory_sync lock status ${name}`],
    details: { name, ...details },
  })
}

function whyNot(outcome: NotGranted): Why {
  switch (outcome.is) {
    case 'taken': {
      const { holder } = outcome
      if (holder === null) return { why: 'others have waited for it for longer', details: { holder: null } }
      const { name, reason, fence, leftMs } = holder
      const what = reason === '' ? '' : ` (${reason})`
      return { why: `${name} has it${what}, for another ${secondsOf(leftMs)} s`, details: { holder: name, reason, fence, ttlMs: leftMs } }
    }
    case 'withheld': {
      const { leftMs, roots } = outcome
      return { why: withheldText(outcome), details: { holder: null, withheldMs: leftMs, roots } }
    }
    case 'foreign': {
      const { key, text, leftMs } = outcome
      const left = leftMs === null ? '' : `, for another ${secondsOf(leftMs)} s`
      return { why: `an older program has ${key} (${text})${left}`, details: { holder: text, key, ttlMs: leftMs } }
    }
  }
}

/** The same of what was seen: what who asked for it now would be told. */
export const whyNotFree = (view: LeaseView): Why => whyNot(outcomeOf(view))

function outcomeOf({ holder, withheld, foreign }: LeaseView): NotGranted {
  const position = null
  if (holder === null && withheld !== null) return { is: 'withheld', ...withheld, position }
  if (holder === null && foreign !== null) return { is: 'foreign', ...foreign, position }
  return { is: 'taken', holder, position, retryMs: 0 }
}

export const withheldText = ({ leftMs, roots }: { leftMs: number; roots: readonly string[] }): string => {
  const whom = roots.length === 0 ? '' : `, or ${roots.length === 1 ? 'one other root' : `${roots.length} other roots`} told what they know`
  return `Redis has lost data, and somebody may still have it: granting goes on when ${secondsOf(leftMs)} s are over${whom}`
}

const secondsOf = (ms: number): string => (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)
