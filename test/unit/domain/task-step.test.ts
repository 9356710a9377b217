import { describe, expect, it } from 'vitest'
import { cloneMap, parseTreeMap } from '../../../src/domain/json.js'
import { lapseEdits, planStep, type Refusal, type Step, type StepFacts } from '../../../src/domain/task-step.js'
import type { Edit } from '../../../src/domain/operation.js'
import { nextTasks, standingOf, type Task, taskOfRecord } from '../../../src/domain/task.js'
import { setLeaf, deleteAt } from '../../../src/domain/tree.js'

const NOW = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

const facts = (agent: string, more: Partial<StepFacts> = {}): StepFacts => ({
  agent,
  now: NOW,
  formatTime: (ms) => new Date(ms).toISOString(),
  claim: { token: `digest of ${agent}'s`, ttlMs: 10 * MINUTE, host: 'here' },
  ...more,
})

const item = (record: object, id = 'T'): Task => taskOfRecord(id, parseTreeMap(JSON.stringify({ title: 'x', status: 'new', rev: 3, ...record })))

function after(step: Step, task: Task, by: StepFacts, all: Task[] = []): Task {
  const plan = planStep(step, task, new Map([...all, task].map((one) => [one.id, one])), by)
  if (!plan.ok) throw new Error(`refused: ${JSON.stringify(plan.refusal)}`)
  return edited(task, plan.edits)
}

function edited(task: Task, edits: readonly Edit[]): Task {
  const record = cloneMap(task.record)
  for (const edit of edits) {
    if (edit.do === 'delete') deleteAt(record, edit.path)
    else if (edit.do === 'set') setLeaf(record, edit.path, edit.value)
  }
  return taskOfRecord(task.id, record)
}

function refusal(step: Step, task: Task, by: StepFacts, all: Task[] = []): Refusal['is'] | 'none' {
  const plan = planStep(step, task, new Map([...all, task].map((one) => [one.id, one])), by)
  return plan.ok ? 'none' : plan.refusal.is
}

describe('the steps of an item', () => {
  const claimed = after('claim', item({ status: 'validated', validated_at: 'v' }), facts('mary'))

  it('lead from new over validated and in_progress to complete, and in no other order', () => {
    const fresh = item({ extra: [1.1] })
    for (const step of ['start', 'complete'] as const) expect(refusal(step, fresh, facts('mary'))).toBe('state')
    const validated = after('validate', fresh, facts('rnd'))
    expect(refusal('validate', validated, facts('rnd'))).toBe('state')
    expect(refusal('complete', validated, facts('mary'))).toBe('state')
    const started = after('start', validated, facts('mary'))
    expect(standingOf(started, NOW)).toMatchObject({ status: 'in_progress', owner: 'mary' })
    const complete = after('complete', started, facts('mary', { commit: '27e7220' }))
    expect(complete).toMatchObject({ status: 'complete', owner: 'mary', claim: undefined })
    expect([...complete.record.keys()]).toEqual(
      expect.arrayContaining(['extra', 'validated_at', 'started_at', 'completed_at', 'github_commit']),
    )
    for (const step of ['claim', 'start', 'complete'] as const) expect(refusal(step, complete, facts('rnd'))).not.toBe('none')
  })

  it('are for whoever has the item', () => {
    expect(refusal('claim', claimed, facts('rnd'))).toBe('held')
    expect(refusal('start', claimed, facts('rnd'))).toBe('held')
    for (const step of ['heartbeat', 'release', 'complete'] as const) expect(refusal(step, claimed, facts('rnd'))).toBe('not-held')
    expect(refusal('release', claimed, facts('rnd', { force: true }))).toBe('none')
    expect(refusal('start', claimed, facts('mary'))).toBe('none')
  })

  it('are given to one claimer, also of several with the same name', () => {
    expect(refusal('claim', claimed, facts('mary'))).toBe('held')
    expect(refusal('claim', claimed, facts('mary', { token: "digest of mary's" }))).toBe('none')
    expect(refusal('heartbeat', claimed, facts('mary', { token: 'another' }))).toBe('wrong-token')
  })

  it('are not for a claim that ran out: the item goes back to where it was', () => {
    const started = after('start', claimed, facts('mary'))
    const later = facts('mary', { now: NOW + 10 * MINUTE })
    expect(standingOf(started, later.now)).toMatchObject({ status: 'validated', owner: undefined, lapsed: { agent: 'mary' } })
    for (const step of ['heartbeat', 'release', 'complete'] as const) expect(refusal(step, started, later)).toBe('not-held')
    const taken = after('claim', started, facts('rnd', { now: later.now }))
    expect(standingOf(taken, later.now)).toMatchObject({ status: 'validated', owner: 'rnd' })
    expect(refusal('complete', taken, later)).toBe('not-held')
  })

  it('are refused for the same reason before and after a claim that ran out is written back', () => {
    const started = after('start', claimed, facts('mary'))
    const later = facts('mary', { now: NOW + 10 * MINUTE })
    const dead = { ...started, claim: { ...started.claim!, until: 0 } } // its process is gone, long before its time
    for (const [lapsed, by] of [[started, later], [dead, facts('mary')]] as const) {
      const back = edited(lapsed, lapseEdits(lapsed, by.now, by.formatTime))
      expect(back).toMatchObject({ status: 'validated', owner: undefined })
      expect(standingOf(back, by.now)).toMatchObject({ status: 'validated', owner: undefined, lapsed: { agent: 'mary' } })
      expect(lapseEdits(back, by.now, by.formatTime)).toEqual([])
      for (const step of ['heartbeat', 'release', 'complete'] as const) {
        expect([step, refusal(step, back, by)]).toEqual([step, refusal(step, lapsed, by)])
      }
      expect(standingOf(after('claim', back, facts('rnd', { now: by.now })), by.now)).toMatchObject({ owner: 'rnd', lapsed: undefined })
    }
  })

  it('of whoever has the item take the time, and the process, that they ask for', () => {
    const token = "digest of mary's"
    const again = after('claim', claimed, facts('mary', { token, ttlMs: MINUTE }))
    expect(again.claim).toMatchObject({ until: NOW + MINUTE, ttlMs: MINUTE, token, process: undefined })
    const named = { token: 'new', ttlMs: 10 * MINUTE, host: 'there', process: { pid: 7, start: 's', boot: 'b' } }
    const later = after('start', again, facts('mary', { token, claim: named }))
    expect(later.claim).toMatchObject({ until: NOW + MINUTE, ttlMs: MINUTE, token, host: 'there', process: named.process })
  })

  it('keep an item as long as heartbeats come', () => {
    const kept = after('heartbeat', claimed, facts('mary', { now: NOW + 9 * MINUTE }))
    expect(standingOf(kept, NOW + 18 * MINUTE).owner).toBe('mary')
    expect(standingOf(kept, NOW + 19 * MINUTE).owner).toBeUndefined()
  })

  it('wait for what the item depends on, and for what is not there', () => {
    const task = item({ status: 'validated', depends_on: ['A', 'B'] })
    expect(refusal('claim', task, facts('mary'), [item({ status: 'complete' }, 'A')])).toBe('blocked')
    const both = ['A', 'B'].map((id) => item({ status: 'complete' }, id))
    expect(refusal('claim', task, facts('mary'), both)).toBe('none')
    expect(refusal('start', item({ status: 'validated', dependencies: 'A, B' }), facts('mary'), both)).toBe('none')
  })

  it.each(['release', 'lapse'])('leave a deprecated item in its status: %s', (how) => {
    const held = { ...after('start', item({ status: 'validated' }), facts('mary')), deprecated: true }
    const left = how === 'release' ? after('release', held, facts('mary')) : edited(held, lapseEdits(held, NOW, facts('mary').formatTime))
    expect(left).toMatchObject({ status: 'in_progress', owner: undefined })
    expect(left.record.get('started_at')).toBe(held.record.get('started_at'))
  })

  it('are not for deprecated items, nor for a status that nobody knows', () => {
    expect(refusal('claim', item({ status: 'validated', deprecated: true }), facts('mary'))).toBe('deprecated')
    expect(refusal('claim', item({ status: 'parked' }), facts('mary'))).toBe('state')
  })

  it('respect an owner that somebody wrote there', () => {
    const written = item({ status: 'validated', owner: 'bob' })
    expect(refusal('claim', written, facts('mary'))).toBe('held')
    expect(refusal('claim', written, facts('bob'))).toBe('none')
  })
})

it('what is next is free, ready before new, and by priority', () => {
  const tasks = [
    item({ status: 'new', priority: 'P0' }, 'new'),
    item({ status: 'validated', corrected_priority: 'P1' }, 'P1'),
    item({ status: 'validated', corrected_priority: 'P0' }, 'P0'),
    item({ status: 'validated', corrected_priority: 'P0', depends_on: ['new'] }, 'waiting'),
    item({ status: 'complete' }, 'complete'),
    after('claim', item({ status: 'validated' }, 'taken'), facts('mary')),
  ]
  const order = nextTasks(new Map(tasks.map((task) => [task.id, task])), NOW).map(({ id }) => id)
  expect(order).toEqual(['P0', 'P1', 'new'])
})

it('of priorities a higher number comes later, whatever its digits, and none last', () => {
  const priorities = ['P10', undefined, 'P2', 'low', 'P1', '10', 'p2', '9']
  const tasks = priorities.map((priority, n) => item({ status: 'new', ...(priority !== undefined && { priority }) }, `${n}`))
  const order = nextTasks(new Map(tasks.map((task) => [task.id, task])), NOW).map(({ id }) => priorities[Number(id)])
  expect(order).toEqual(['9', '10', 'low', 'P1', 'P2', 'p2', 'P10', undefined])
})
