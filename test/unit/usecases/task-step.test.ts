import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { MemoryError } from '../../../src/errors/errors.js'
import { addTask } from '../../../src/usecases/tasks/add.js'
import { type StepRequest, takeStep } from '../../../src/usecases/tasks/step.js'
import type { Guards, TaskSurroundings } from '../../../src/usecases/tasks/surroundings.js'
import { FakeMemory, fakeSurroundings } from '../../support/fake-memory.js'

const MINUTE = 60_000
const PASSED = { passed: true, ended: 'exit code 0', output: '' }

const guarding = (run: () => void | Promise<void>): Guards => ({ run: async () => { await run(); return PASSED } })
const forbidding: Guards = { run: () => Promise.resolve({ passed: false, ended: 'exit code 3', output: '' }) }

async function worldWith(...ids: string[]): Promise<{ memory: FakeMemory; surroundings: TaskSurroundings }> {
  const memory = new FakeMemory()
  const machine = { host: 'here', processes: { find: () => undefined, isAlive: () => true } }
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const surroundings = { ...fakeSurroundings(memory), machine, digest }
  for (const id of ids) await addTask(surroundings, { id, title: id })
  return { memory, surroundings }
}

const claim: StepRequest = { step: 'claim', id: 'A', agent: 'mary', ttlMs: MINUTE }

describe('the time of a claim', () => {
  it('begins when its guard has let it pass', async () => {
    const { memory, surroundings } = await worldWith('A')
    const slow = guarding(() => { memory.now += 5 * MINUTE })
    const { until, guard } = await takeStep(surroundings, slow, claim)
    expect([Date.parse(until!), guard]).toEqual([memory.now + MINUTE, 'passed'])
  })

  it('is over for a step whose guard takes longer than what is left of it', async () => {
    const { memory, surroundings } = await worldWith('A')
    await takeStep(surroundings, guarding(() => undefined), claim)
    const slow = guarding(() => { memory.now += 5 * MINUTE })
    await expect(takeStep(surroundings, slow, { ...claim, step: 'heartbeat' })).rejects.toMatchObject({ code: 'not-held' })
  })

  it('begins anew after others came between', async () => {
    const { memory, surroundings } = await worldWith('A')
    const intruders = [MINUTE, MINUTE]
    const meddled = guarding(async () => {
      const ms = intruders.pop()
      if (ms === undefined) return
      memory.now += ms
      await memory.write({ target: 'task:A', kind: 'set', edits: [{ do: 'set', path: '/note', value: String(intruders.length) }], by: 'rnd' })
    })
    const { until } = await takeStep(surroundings, meddled, claim)
    expect([Date.parse(until!), intruders]).toEqual([memory.now + MINUTE, []])
  })
})

describe('a step that is repeated with its key', () => {
  it.each(['claim', 'heartbeat'] as const)('is told as done, and its guard is not asked again: %s', async (step) => {
    const { surroundings } = await worldWith('A')
    if (step === 'heartbeat') await takeStep(surroundings, guarding(() => undefined), claim)
    const keyed: StepRequest = { ...claim, step, idempotencyKey: 'k' }
    expect(await takeStep(surroundings, guarding(() => undefined), keyed)).toMatchObject({ guard: 'passed', owner: 'mary' })
    expect(await takeStep(surroundings, forbidding, keyed)).toMatchObject({ replayed: true, guard: 'none', owner: 'mary' })
    const other = takeStep(surroundings, forbidding, { ...keyed, agent: 'rnd' })
    await expect(other).rejects.toBeInstanceOf(MemoryError)
    await expect(other).rejects.toMatchObject({ code: 'usage' })
  })
})
