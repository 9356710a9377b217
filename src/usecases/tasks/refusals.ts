/** Why a step was not taken, as an error that says what to do. */
import { isLegalName } from '../../domain/name.js'
import type { Refusal, Step } from '../../domain/task-step.js'
import { MemoryError } from '../../errors/errors.js'

/** Times as they are written, from ms. */
export type FormatTime = (ms: number) => string

export function refusalError(step: Step, id: string, agent: string, refusal: Refusal, formatTime: FormatTime): MemoryError {
  switch (refusal.is) {
    case 'held':
      return heldError(id, agent, refusal, formatTime)
    case 'wrong-token':
      return new MemoryError('wrong-token', `${id} was claimed by ${agent} with another token: nothing was written`, {
        suggestions: ['another process of that name has it: leave the item alone'],
      })
    case 'not-held':
      return notHeldError(id, agent, refusal, formatTime)
    case 'state':
      return new MemoryError('failed', `${id} is ${refusal.status}; ${step} needs ${refusal.needs}: nothing was written`, {
        suggestions: [`the order is new, validated, in_progress, complete: memory_sync task show ${id}`],
        details: { status: refusal.status, needs: refusal.needs.split(', ') },
      })
    case 'deprecated':
      return new MemoryError('failed', `${id} is deprecated: nothing was written`, {
        suggestions: [`memory_sync task show ${id} says what supersedes it`],
      })
    case 'blocked':
      return new MemoryError('failed', `${id} waits for ${refusal.by.map(describeBlocker).join(', ')}: nothing was written`, {
        suggestions: ['memory_sync task next shows what can be taken now'],
        details: { blockedBy: refusal.by.map(({ id: blocker, status }) => ({ id: blocker, status: status ?? null })) },
      })
  }
}

const describeBlocker = ({ id, status }: { id: string; status: string | undefined }): string =>
  `${id} (${status ?? 'there is no such item'})`

function heldError(
  id: string,
  agent: string,
  { by, until }: Extract<Refusal, { is: 'held' }>,
  formatTime: FormatTime,
): MemoryError {
  const limit = until === undefined ? '' : ` until ${formatTime(until)}`
  const own = by === agent
  return new MemoryError('held', `${id} is ${own ? 'yours already' : `${by}'s`}${limit}: nothing was written`, {
    suggestions: own
      ? [`memory_sync task heartbeat ${id} keeps it; task start ${id} begins it`]
      : ['memory_sync task next shows what is free', `memory_sync task release ${id} --force takes it away, and is in the history`],
    details: { owner: by, until: until === undefined ? null : formatTime(until) },
  })
}

function notHeldError(
  id: string,
  agent: string,
  { by, lapsed }: Extract<Refusal, { is: 'not-held' }>,
  formatTime: FormatTime,
): MemoryError {
  if (by === agent) {
    return new MemoryError('not-held', `${id} is ${agent}'s without a claim, and there is none to keep. Nothing was written`, {
      suggestions: [`memory_sync task claim ${id} makes one`],
      details: { owner: by },
    })
  }
  const owner = by === undefined ? 'nobody has it' : `${by} has it`
  const was = lapsed === undefined || lapsed.until === 0 ? '' : `; the claim of ${lapsed.agent} ended at ${formatTime(lapsed.until)}`
  return new MemoryError('not-held', `${id} is not ${agent}'s: ${owner}${was}. Nothing was written`, {
    suggestions: by === undefined ? [`memory_sync task claim ${id} takes it`] : ['leave the item alone: somebody else works on it'],
    details: { owner: by ?? null },
  })
}

export const noSuchTask = (id: string): MemoryError =>
  new MemoryError('absent', `there is no item ${JSON.stringify(id)}`, {
    // Of a name that none may have `task add` makes nothing, and a shell into which the line is copied may make anything.
    suggestions: ['memory_sync task list shows all', ...(isLegalName(id) ? [`memory_sync task add ${id} --title TITLE makes it`] : [])],
  })
