/** What a sequencer said of a write, as its writer is told. */
import { type MemoryError, NotTaken } from '../errors/errors.js'
import type { WriteOutcome } from './memory.js'
import type { Submission } from './submit.js'

/** What a writer can be told. */
export type Final = Exclude<Submission, { is: 'epoch' } | { is: 'evicted' } | { is: 'unbegun' } | { is: 'contended' } | { is: 'nothing' }>

/** null: it is not decided. */
export function finalOf(submission: Submission): Final | null {
  switch (submission.is) {
    case 'epoch':
    case 'evicted':
    case 'unbegun':
    case 'contended':
    case 'nothing':
      return null
    default:
      return submission
  }
}

export function refusal(final: Exclude<Final, { is: 'committed' } | { is: 'duplicate' }>): WriteOutcome {
  switch (final.is) {
    case 'conflict':
      return { ok: false, reason: 'conflict', rev: final.rev, current: final.current }
    case 'fence':
      return { ok: false, reason: 'fence', fence: final.fence }
    case 'not-a-number':
      return { ok: false, reason: 'not-a-number', paths: final.paths }
    default:
      return { ok: false, reason: final.is }
  }
}

export const keeperIsBusy = (): MemoryError =>
  new NotTaken('with files only the keeper of this root decides on a condition, and it does not answer', {
    suggestions: ['look at memory_sync hub status', 'write without a condition: that is kept and taken in later'],
  })

/** `answers`: Redis does, and the write is not decided all the same. `pending`: own writes that it may not overtake. */
export function notArbitrated({ answers, pending, reason }: { answers: boolean; pending: number; reason: string | null }): MemoryError {
  if (answers && pending > 0) {
    return new NotTaken(`Redis answers, and ${pending === 1 ? '1 write' : `${pending} writes`} of this root must go there before this one`, {
      suggestions: ['repeat the command: they are being sent', 'memory_sync health names what stands in the way if they stay'],
    })
  }
  if (answers) {
    return new NotTaken('Redis answers, and cannot decide on this write (a key of ours has another type, or was lost and is not put back yet)', {
      suggestions: ['memory_sync health names what stands in the way', 'write without a condition: that is kept and sent later'],
    })
  }
  return new NotTaken(`a conditional write needs Redis to decide, and it cannot be reached${reason === null ? '' : ` (${reason})`}`, {
    suggestions: ['repeat it when Redis answers (memory_sync status)', 'write without a condition: that is kept and sent later'],
  })
}
