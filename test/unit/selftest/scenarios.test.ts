import { expect, test } from 'vitest'
import { ACTS } from '../../../src/selftest/scenarios.js'
import type { Writing } from '../../../src/selftest/session.js'

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
