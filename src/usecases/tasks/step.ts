/** One step of a work item: planned on what was read, checked by its guard, written with one compare-and-set. */
import type { WriteOutcome, WriteRequest } from '../../core/memory.js'
import { cloneMap, formatLine } from '../../domain/json.js'
import { isLegalName } from '../../domain/name.js'
import { taskTarget } from '../../domain/operation.js'
import { type Plan, planStep, type Refusal, type Step, type StepFacts } from '../../domain/task-step.js'
import { shownTask, standingOf, type Task, taskOfRecord } from '../../domain/task.js'
import { formatTime } from '../../domain/time.js'
import { applyEdits, type LeafEdit } from '../../domain/tree.js'
import { MemoryError } from '../../errors/errors.js'
import { receiptOf, type WriteConditions } from '../receipt.js'
import { noSuchTask, refusalError } from './refusals.js'
import { type Guards, loadTasks, refusalBy, runningProcess, type TaskSurroundings, writeTask } from './surroundings.js'

export interface StepRequest extends Omit<WriteConditions, 'ifRev'> {
  step: Step
  id: string
  agent: string
  token?: string
  /** Of the claim that the step makes or renews. */
  ttlMs?: number
  /** Of a new one where nothing was asked for. */
  usualTtlMs?: number
  /** The claim ends when this process of this machine does. */
  whilePid?: number
  force?: boolean
  commit?: string
  notes?: string
}

export interface StepReceipt {
  ok: true
  id: string
  rev: number | null
  durability: 'redis' | 'file'
  pending: number
  status: string
  owner: string | null
  /** Of the claim, as it is written. */
  until?: string
  /** Shows, with --token, that a later step comes from whoever made this claim. */
  token?: string
  guard: 'none' | 'passed'
  replayed?: true
  journal?: false
  source: 'hub' | 'redis' | 'file'
}

export const DEFAULT_TTL_MS = 15 * 60_000
/** Others may come between, again and again; then it is said. */
const MAX_ATTEMPTS = 50

/**
 * Throws MemoryError where nothing was written: `absent`, `held`, `not-held`, `wrong-token`, `failed` for a state, a dependency
 * or a guard that stands in the way, and what `receiptOf` says.
 */
export async function takeStep(surroundings: TaskSurroundings, guards: Guards, request: StepRequest): Promise<StepReceipt> {
  refuseBadNames(request)
  const { memory } = surroundings
  const token = tokenOf(surroundings, request)
  const asked = askedOf(surroundings, request, token)
  let guarded: number | undefined // the revision that the guard has let pass
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { tasks, now, snapshot } = await loadTasks(surroundings)
    const task = tasks.get(request.id)
    if (task === undefined) throw await refusalBy(snapshot, memory, noSuchTask(request.id))
    const replay = await replayOf(surroundings, request, snapshot.source)
    if (replay !== undefined) return replay
    const facts = { ...asked, now }
    const plan = planStep(request.step, task, tasks, facts)
    if (!plan.ok) throw await refusalBy(snapshot, memory, refusalError(request.step, task.id, request.agent, plan.refusal, facts.formatTime))
    if (guarded !== task.rev && (await passGuard(guards, request, task, now)) === 'passed') {
      guarded = task.rev
      continue // it took its time: what holds by now is read again
    }
    const guard = guarded === undefined ? 'none' : 'passed'
    const outcome = await writeTask(memory, writeOf(surroundings, request, { edits: plan.edits, ifRev: task.rev }))
    if (outcome.ok || outcome.reason !== 'conflict') {
      return receiptFor(surroundings, request, { task, plan, facts, guard, token }, outcome, snapshot.source)
    }
  }
  throw new MemoryError('failed', `${request.id} is changed by others all the time: nothing was written`, {
    suggestions: ['repeat it'],
    retryable: true,
  })
}

function refuseBadNames({ id, agent }: StepRequest): void {
  for (const [name, what] of [
    [id, 'an item'],
    [agent, 'an agent'],
  ] as const) {
    if (!isLegalName(name)) throw new MemoryError('usage', `${JSON.stringify(name.slice(0, 80))} is no name for ${what}`)
  }
}

/** The claimer is told a token, the record keeps its digest: the history is read by everybody. From a key, so that a replay tells it again. */
const tokenOf = ({ random, digest }: TaskSurroundings, { id, idempotencyKey }: StepRequest): string =>
  idempotencyKey === undefined ? random() : digest(`token ${id} ${idempotencyKey}`).slice(0, 32)

/** `made`: the token of a new claim. */
function askedOf({ clock, digest, machine }: TaskSurroundings, request: StepRequest, made: string): Omit<StepFacts, 'now'> {
  const { agent, token, whilePid, ttlMs, usualTtlMs = DEFAULT_TTL_MS, force, commit, notes } = request
  const process = whilePid === undefined ? undefined : runningProcess(machine, whilePid, 'nothing was claimed')
  return {
    agent,
    formatTime: (ms) => formatTime(ms, clock.offsetMinutes()),
    claim: { token: digest(made), ttlMs: ttlMs ?? usualTtlMs, host: machine.host, ...(process !== undefined && { process }) },
    ...(token !== undefined && { token: digest(token) }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(force !== undefined && { force }),
    ...(commit !== undefined && { commit }),
    ...(notes !== undefined && { notes }),
  }
}

function writeOf({ by }: TaskSurroundings, request: StepRequest, what: Pick<WriteRequest, 'edits' | 'ifRev'>): WriteRequest {
  const { step, id, agent, commit, notes, fence, idempotencyKey } = request
  return {
    target: taskTarget(id),
    kind: 'set',
    by,
    payload: JSON.stringify([step, id, agent, commit, notes]),
    ...what,
    ...(fence !== undefined && { fence }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
}

async function passGuard(guards: Guards, { step, id, agent }: StepRequest, task: Task, now: number): Promise<'none' | 'passed'> {
  const verdict = await guards.run(step, { id, agent, json: formatLine(shownTask(task, now)) })
  if (verdict === null) return 'none'
  if (verdict.passed) return 'passed'
  throw new MemoryError('failed', `the guard of ${step} did not let ${id} pass (${verdict.ended}): nothing was written`, {
    suggestions: [verdict.output === '' ? 'it said nothing' : `it said: ${verdict.output}`],
    details: { guard: step, ended: verdict.ended, output: verdict.output },
  })
}

/**
 * With a key, this step may have been taken before: then no guard is asked, and what stands in its way is what it did itself. What
 * was read before shows nothing of it that is not found here.
 */
async function replayOf(surroundings: TaskSurroundings, request: StepRequest, source: StepReceipt['source']): Promise<StepReceipt | undefined> {
  if (request.idempotencyKey === undefined) return undefined
  const probe = writeOf(surroundings, request, { edits: [], ifRev: Number.MAX_SAFE_INTEGER })
  const outcome = await writeTask(surroundings.memory, probe)
  if (outcome.ok) return receiptOfReplay(surroundings, request, outcome, source)
  if (outcome.reason === 'other-payload') receiptOf(outcome, request.id) // throws
  return undefined
}

async function receiptFor(
  surroundings: TaskSurroundings,
  request: StepRequest,
  step: { task: Task; plan: Extract<Plan, { ok: true }>; facts: StepFacts; guard: 'none' | 'passed'; token: string },
  outcome: WriteOutcome,
  source: StepReceipt['source'],
): Promise<StepReceipt> {
  if (outcome.ok && outcome.replayed === true) return receiptOfReplay(surroundings, request, outcome, source)
  const { agent: _agent, ...receipt } = receiptOf(outcome, request.id, request)
  const { task, plan, facts, guard, token } = step
  const record = cloneMap(task.record)
  for (const edit of plan.edits) if (edit.do === 'set' || edit.do === 'delete') applyEdits(record, [leafEditOf(edit)])
  const shown = standing(taskOfRecord(request.id, record), facts)
  return { ...receipt, id: request.id, ...shown, ...(plan.claim?.isNew === true && { token }), guard, source }
}

const leafEditOf = (edit: { do: 'set'; path: string; value: string } | { do: 'delete'; path: string }): LeafEdit =>
  edit.do === 'set' ? { path: edit.path, value: edit.value } : { path: edit.path, value: null }

function standing(task: Task, facts: Pick<StepFacts, 'now' | 'formatTime'>): Pick<StepReceipt, 'status' | 'owner' | 'until'> {
  const { status, owner, claim } = standingOf(task, facts.now)
  return { status, owner: owner ?? null, ...(claim !== undefined && { until: facts.formatTime(claim.until) }) }
}

/** What the first attempt did, as it stands now. Throws MemoryError `held` where it took or kept the item, and another has it by now. */
async function receiptOfReplay(
  surroundings: TaskSurroundings,
  request: StepRequest,
  outcome: WriteOutcome,
  source: StepReceipt['source'],
): Promise<StepReceipt> {
  const { agent: _agent, ...receipt } = receiptOf(outcome, request.id, request)
  const { tasks, now } = await loadTasks(surroundings)
  const task = tasks.get(request.id)
  if (task === undefined) throw noSuchTask(request.id)
  const facts = { now, formatTime: (ms: number) => formatTime(ms, surroundings.clock.offsetMinutes()) }
  const token = tokenOf(surroundings, request)
  const isOwn = task.claim?.token === surroundings.digest(token)
  const shown = request.token === undefined ? undefined : surroundings.digest(request.token)
  const taker = isOwn ? undefined : takerSince(request, task, now, shown)
  if (taker !== undefined) throw refusalError(request.step, task.id, request.agent, taker, facts.formatTime)
  return { ...receipt, id: request.id, ...standing(task, facts), ...(isOwn && { token }), guard: 'none', source }
}

/** Of a claim that the request did not make. A start or heartbeat without a token may have renewed any claim of its agent. */
function takerSince({ step, agent }: StepRequest, task: Task, now: number, shown: string | undefined): Refusal | undefined {
  const { owner, claim } = standingOf(task, now)
  if (owner === undefined || !['claim', 'start', 'heartbeat'].includes(step)) return undefined
  const isOther = owner !== agent || (claim !== undefined && (shown === undefined ? step === 'claim' : claim.token !== shown))
  return isOther ? { is: 'held', by: owner, until: claim?.until } : undefined
}
