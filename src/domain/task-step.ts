/** The steps of a work item: what each of them needs, and what it changes. Pure: one plan is one compare-and-set. */
import { leafOf } from './json.js'
import type { Edit } from './operation.js'
import { blockersOf, type Claim, returnedStatus, type Standing, standingOf, type Task } from './task.js'

export const STEPS = ['validate', 'claim', 'start', 'heartbeat', 'release', 'complete'] as const
export type Step = (typeof STEPS)[number]

/** Who asks, and when. */
export interface StepFacts {
  agent: string
  /** Digest of what was given out with the claim: whoever shows another one is somebody else of the same name. */
  token?: string
  /** Of the clock that decides, ms; and as it is written. */
  now: number
  formatTime: (ms: number) => string
  /** Asked for: a claim that stands gets it, too. */
  ttlMs?: number
  /** What a new claim is made of. */
  claim: { token: string; ttlMs: number; host: string; process?: { pid: number; start: string; boot: string } }
  /** A release of what another has. */
  force?: boolean
  commit?: string
  notes?: string
}

export type Refusal =
  | { is: 'held'; by: string; until: number | undefined }
  | { is: 'wrong-token' }
  | { is: 'not-held'; by: string | undefined; lapsed: Claim | undefined }
  | { is: 'state'; status: string; needs: string }
  | { is: 'deprecated' }
  | { is: 'blocked'; by: { id: string; status: string | undefined }[] }

export type Plan = { ok: true; edits: Edit[]; claim: PlannedClaim | undefined } | { ok: false; refusal: Refusal }

/** The claim that the item has after the step, where the step made or renewed it. */
export interface PlannedClaim {
  until: number
  isNew: boolean
}

export function planStep(step: Step, task: Task, all: ReadonlyMap<string, Task>, facts: StepFacts): Plan {
  const standing = standingOf(task, facts.now)
  const refusal = refusalOf(step, task, all, standing, facts)
  if (refusal !== undefined) return { ok: false, refusal }
  return PLANS[step](task, standing, facts)
}

const PLANS: Record<Step, (task: Task, standing: Standing, facts: StepFacts) => Plan> = {
  validate: (_task, _standing, facts) => done([...statusEdits('validated', facts, 'validated_at')]),
  claim: (task, standing, facts) => {
    if (standing.claim !== undefined) return renewed(standing.claim, facts, []) // with its own token
    const back = standing.status === task.status ? [] : returnEdits(task)
    return claimed(facts, back)
  },
  start: (_task, standing, facts) => {
    const edits = statusEdits('in_progress', facts, 'started_at')
    return standing.claim === undefined ? claimed(facts, edits) : renewed(standing.claim, facts, edits)
  },
  heartbeat: (_task, standing, facts) => renewed(standing.claim!, facts, []),
  release: (task) => done(returnEdits(task)),
  complete: (_task, standing, facts) =>
    done([
      ...statusEdits('complete', facts, 'completed_at'),
      ...(standing.owner === undefined ? [set('/owner', facts.agent)] : []),
      ...(facts.commit === undefined ? [] : [set('/github_commit', facts.commit)]),
      ...(facts.notes === undefined ? [] : [set('/notes', facts.notes)]),
      { do: 'delete', path: '/claim' },
    ]),
}

/** Gives the item back: to be taken by anybody. */
export const returnEdits = (task: Task): Edit[] => [...freedEdits(task), { do: 'delete', path: '/claim' }]

/**
 * The same for a claim that ran out. Its end stays in the record: whose it was is known as long as nobody takes the item, and a
 * step of that one is refused for the same reason before and after.
 */
export function lapseEdits(task: Task, now: number, formatTime: (ms: number) => string): Edit[] {
  const ended: Edit[] = task.claim?.until === 0 ? [set('/claim/until', formatTime(now))] : [] // its process is gone, and its time is not over
  const freed = freedEdits(task).filter((edit) => edit.path !== '/owner' || task.record.has('owner'))
  return freed.length === 0 ? [] : [...freed, ...ended]
}

function freedEdits(task: Task): Edit[] {
  const status = returnedStatus(task)
  const started: Edit[] = status !== task.status && task.record.has('started_at') ? [{ do: 'set', path: '/started_at', value: 'null' }] : []
  return [...(status === task.status ? [] : [set('/status', status)]), ...started, { do: 'delete', path: '/owner' }]
}

/** A later end of a claim that stands. */
export const renewEdits = (ttlMs: number, now: number, formatTime: (ms: number) => string): Edit[] => [
  set('/claim/seen', formatTime(now)),
  set('/claim/until', formatTime(now + ttlMs)),
]

// ---- what a step needs

const NEEDED_STATUS: Partial<Record<Step, readonly string[]>> = {
  validate: ['new'],
  claim: ['new', 'validated', 'in_progress'],
  start: ['validated'],
  complete: ['in_progress'],
}

function refusalOf(
  step: Step,
  task: Task,
  all: ReadonlyMap<string, Task>,
  standing: Standing,
  facts: StepFacts,
): Refusal | undefined {
  return (
    ownershipRefusal(step, standing, facts) ??
    (task.deprecated && step !== 'release' && step !== 'heartbeat' ? { is: 'deprecated' } : undefined) ??
    statusRefusal(step, standing) ??
    (step === 'claim' || step === 'start' ? blockedRefusal(task, all) : undefined)
  )
}

function ownershipRefusal(step: Step, { owner, claim, lapsed }: Standing, facts: StepFacts): Refusal | undefined {
  if (step === 'validate' || (step === 'release' && facts.force === true && owner !== undefined)) return undefined
  const isOwn = owner === facts.agent
  if (isOwn && facts.token !== undefined && claim?.token !== facts.token) return { is: 'wrong-token' }
  if (step === 'claim') {
    const mayTake = owner === undefined || (isOwn && (claim === undefined || facts.token !== undefined))
    return mayTake ? undefined : held(owner, claim)
  }
  if (step === 'start') return owner === undefined || isOwn ? undefined : held(owner, claim)
  if (step === 'complete' && owner === undefined && lapsed === undefined && facts.token === undefined) return undefined
  if (!isOwn || (step === 'heartbeat' && claim === undefined)) return { is: 'not-held', by: owner, lapsed }
  return undefined
}

const held = (by: string, claim: Claim | undefined): Refusal => ({ is: 'held', by, until: claim?.until })

function statusRefusal(step: Step, { status }: Standing): Refusal | undefined {
  const needed = NEEDED_STATUS[step]
  if (needed === undefined || needed.includes(status)) return undefined
  return { is: 'state', status, needs: needed.join(', ') }
}

function blockedRefusal(task: Task, all: ReadonlyMap<string, Task>): Refusal | undefined {
  const by = blockersOf(task, all)
  return by.length === 0 ? undefined : { is: 'blocked', by }
}

// ---- what it changes

const set = (path: string, text: string): Edit => ({ do: 'set', path, value: leafOf(text) })

const statusEdits = (status: string, facts: StepFacts, at: string): Edit[] => [
  set('/status', status),
  set(`/${at}`, facts.formatTime(facts.now)),
]

const done = (edits: Edit[]): Plan => ({ ok: true, edits, claim: undefined })

function claimed(facts: StepFacts, edits: Edit[]): Plan {
  const { agent, now, formatTime, claim } = facts
  const { token, ttlMs, host, process } = claim
  const made: Edit[] = [
    set('/owner', agent),
    { do: 'delete', path: '/claim' },
    set('/claim/agent', agent),
    set('/claim/token', token),
    set('/claim/since', formatTime(now)),
    set('/claim/seen', formatTime(now)),
    set('/claim/until', formatTime(now + ttlMs)),
    { do: 'set', path: '/claim/ttl_ms', value: String(ttlMs) },
    set('/claim/host', host),
    ...processEdits(process),
  ]
  const kept = edits.filter(({ path }) => path !== '/owner' && path !== '/claim')
  return { ok: true, edits: [...kept, ...made], claim: { until: now + ttlMs, isNew: true } }
}

function renewed(claim: Claim, facts: StepFacts, edits: Edit[]): Plan {
  const { host, process } = facts.claim
  const ttlMs = facts.ttlMs ?? (claim.ttlMs || facts.claim.ttlMs)
  const asked: Edit[] = [
    ...(ttlMs === claim.ttlMs ? [] : [{ do: 'set' as const, path: '/claim/ttl_ms', value: String(ttlMs) }]),
    ...(process === undefined ? [] : [set('/claim/host', host), ...processEdits(process)]),
  ]
  const until = facts.now + ttlMs
  return { ok: true, edits: [...edits, ...renewEdits(ttlMs, facts.now, facts.formatTime), ...asked], claim: { until, isNew: false } }
}

const processEdits = (process: StepFacts['claim']['process']): Edit[] =>
  process === undefined
    ? []
    : [
        { do: 'set', path: '/claim/pid', value: String(process.pid) },
        set('/claim/process_start', process.start),
        set('/claim/boot', process.boot),
      ]
