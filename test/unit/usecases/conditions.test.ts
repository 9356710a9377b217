import { expect, test } from 'vitest'
import { heartbeat } from '../../../src/usecases/presence.js'
import { addTask, type NewTask } from '../../../src/usecases/tasks/add.js'
import type { TaskSurroundings } from '../../../src/usecases/tasks/surroundings.js'
import { FakeMemory, fakeSurroundings } from '../../support/fake-memory.js'

const CONDITIONS = { fence: { name: 'deploy', fence: 7 }, idempotencyKey: 'k' }
const ELSE = { target: 'agent:victim', kind: 'delete', edits: [], by: 'somebody', payload: 'another' }

test.each<[string, (world: TaskSurroundings) => Promise<unknown>, object]>([
  ['heartbeat', (world) => heartbeat(world, { agent: 'mary', ...CONDITIONS, ...ELSE }), { target: 'agent:mary', kind: 'update' }],
  ['task add', (world) => addTask(world, { id: 'T1', title: 'x', ifRev: 3, ...CONDITIONS, ...ELSE } as NewTask), { target: 'task:T1', kind: 'set', ifRev: 0 }],
])('%s takes the conditions of a request, and never where and what to write from the rest of it', async (_, act, written) => {
  const memory = new FakeMemory()
  await act({ ...fakeSurroundings(memory), machine: { host: 'h', processes: { find: () => undefined, isAlive: () => true } }, digest: (text) => text })
  expect(memory.requests).toMatchObject([{ ...CONDITIONS, ...written, by: 'tester' }])
  expect(memory.requests[0]!.payload).not.toBe('another')
})
