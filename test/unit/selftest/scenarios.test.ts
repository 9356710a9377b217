import { expect, test } from 'vitest'
import { Arena } from '../../../src/selftest/arena.js'
import { Chance } from '../../../src/selftest/chance.js'
import { usualPlans } from '../../../src/selftest/plan.js'
import { ACTS } from '../../../src/selftest/scenarios.js'
import { Writing } from '../../../src/selftest/session.js'
import { makeTempFolder } from '../../support/temp.js'

test('a hub that cannot start while others write is a problem of the verdict, and not the end of the selftest', async () => {
  const problems: string[] = []
  const writing = {
    session: {
      plan: { writers: 0, updates: 0, mode: { name: 'x', redis: true, hub: 'sometimes' } },
      arena: { startHub: () => Promise.reject(new Error('the lock is held')) },
      signal: new AbortController().signal,
    },
    problem: (text: string) => problems.push(text),
  } as unknown as Writing
  await ACTS.race(writing)
  expect(problems).toEqual(['a hub could not start: the lock is held'])
})

test('what has been ended starts no hub and no writers any more', async () => {
  let hubs = 0
  const signal = AbortSignal.abort(new Error('the end'))
  const mode = { name: 'x', redis: false, hub: 'sometimes' } as const
  const arena = { startHub: () => Promise.resolve(void hubs++), start: () => expect.fail('a writer was started') } as unknown as Arena
  const [plan] = usualPlans('race', [mode], {})
  const writing = new Writing({ arena, plan: plan!, chance: new Chance(1), tag: 'x', signal })
  await expect(ACTS.race(writing)).rejects.toThrow('the end')
  writing.end()
  expect(hubs).toBe(0)
})

test('a command under way ends with the arena, however long it would take', async () => {
  const temporary = await makeTempFolder('mss-')
  const arena = await Arena.make({ program: ['sleep', '600'], env: { PATH: process.env['PATH'] }, temporary }, false, 'x')
  const command = arena.command()
  await arena.clean({ keepRoot: false })
  expect(await command).toMatchObject({ code: 1 })
})
