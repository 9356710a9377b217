import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { MemoryError } from '../../../src/errors/errors.js'
import { addTask, importTasks } from '../../../src/usecases/tasks/add.js'
import { takeStep } from '../../../src/usecases/tasks/step.js'
import type { Guards, TaskSurroundings } from '../../../src/usecases/tasks/surroundings.js'
import { exportTasks, showTask } from '../../../src/usecases/tasks/view.js'
import { parseYaml } from '../../../src/usecases/tasks/yaml-text.js'
import { FakeMemory, fakeSurroundings } from '../../support/fake-memory.js'

const noGuards: Guards = { run: () => Promise.resolve(null) }

function world(): { memory: FakeMemory; surroundings: TaskSurroundings } {
  const memory = new FakeMemory()
  const machine = { host: 'here', processes: { find: () => undefined, isAlive: () => true } }
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  return { memory, surroundings: { ...fakeSurroundings(memory), machine, digest } }
}

async function imported(text: string): Promise<TaskSurroundings> {
  const { surroundings } = world()
  await importTasks(surroundings, parseYaml(text), false)
  return surroundings
}

it.each(['null', '{team: red}', '[]', "''", 'bob'])('an owner that came with an item goes out with it: %s', async (owner) => {
  const document = `prp_tracking:\n  A: {title: a, status: new, owner: ${owner}}\n`
  const surroundings = await imported(document)
  expect((await exportTasks(surroundings)).get('prp_tracking')).toEqual(parseYaml(document).get('prp_tracking'))
})

it('whose claim has ended is no owner any more', async () => {
  const { memory, surroundings } = world()
  await addTask(surroundings, { id: 'A', title: 'a' })
  await takeStep(surroundings, noGuards, { step: 'claim', id: 'A', agent: 'mary' })
  memory.now += 3_600_000
  const items = (await exportTasks(surroundings)).get('prp_tracking') as Map<string, Map<string, unknown>>
  expect(items.get('A')!.has('owner')).toBe(false)
})

it('an owner and a status without a letter in them are none', async () => {
  const surroundings = await imported("prp_tracking:\n  A: {title: a, status: ' ', owner: ''}\n")
  const shown = await showTask(surroundings, 'A')
  expect([shown.get('status'), shown.get('owner')]).toEqual(['"new"', 'null'])
  expect(await takeStep(surroundings, noGuards, { step: 'validate', id: 'A', agent: 'mary' })).toMatchObject({ status: 'validated' })
  expect(await takeStep(surroundings, noGuards, { step: 'claim', id: 'A', agent: 'mary' })).toMatchObject({ owner: 'mary' })
})

it('a heartbeat of who has an item without a claim is told how to make one', async () => {
  const surroundings = await imported('prp_tracking:\n  O1: {title: a, owner: bob}\n')
  await expect(takeStep(surroundings, noGuards, { step: 'heartbeat', id: 'O1', agent: 'bob' })).rejects.toMatchObject({
    code: 'not-held',
    message: 'O1 is bob\'s without a claim, and there is none to keep. Nothing was written',
    suggestions: ['memory_sync task claim O1 makes one'],
  })
})

it('an item that is there already is refused with the item as it is shown', async () => {
  const { surroundings } = world()
  await addTask(surroundings, { id: 'A', title: 'a' })
  await takeStep(surroundings, noGuards, { step: 'claim', id: 'A', agent: 'mary' })
  const current = await showTask(surroundings, 'A')
  await expect(addTask(surroundings, { id: 'A', title: 'b' })).rejects.toMatchObject({ code: 'conflict', details: { rev: 2, current } })
})

it('a reserved word is refused as the name of an item with the reason', async () => {
  const { surroundings } = world()
  await expect(addTask(surroundings, { id: 'current_work', title: 'a' })).rejects.toMatchObject({
    code: 'usage',
    suggestions: [expect.stringContaining('is no reserved word')],
  })
})

it('nobody is told to take a step without a condition: none is without', async () => {
  const { memory, surroundings } = world()
  await addTask(surroundings, { id: 'A', title: 'a' })
  memory.redis = 'away'
  memory.failure = new MemoryError('unavailable', 'Redis is away: nothing was written', { suggestions: ['write without a condition: that is kept'] })
  for (const call of [
    () => addTask(surroundings, { id: 'B', title: 'b' }),
    () => takeStep(surroundings, noGuards, { step: 'claim', id: 'A', agent: 'mary' }),
    () => importTasks(surroundings, parseYaml('prp_tracking:\n  C: {title: c}\n'), false),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'unavailable', suggestions: ['repeat it when Redis answers (memory_sync status)'] })
  }
})
