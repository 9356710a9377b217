import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { addTask, importTasks } from '../../../src/usecases/tasks/add.js'
import { takeStep } from '../../../src/usecases/tasks/step.js'
import type { Guards, TaskSurroundings } from '../../../src/usecases/tasks/surroundings.js'
import { exportTasks } from '../../../src/usecases/tasks/view.js'
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
