import { expect, test } from 'vitest'
import { Agenda } from '../../../src/core/agenda.js'

test.each(['while it rests', 'before it rests'])('who asks for a round %s is answered before it begins', async (when) => {
  const agenda = new Agenda()
  agenda.takesStore(0, true)
  const order: string[] = []
  const ask = (): void => {
    agenda.ask(0, 'files')
    process.nextTick(() => order.push('answer')) // as a socket is written to
  }
  if (when === 'before it rests') ask()
  const round = agenda.rest(() => ({ idleMs: Infinity, fileDueInMs: null }), () => false).then(() => order.push('round'))
  await Promise.resolve()
  if (when === 'while it rests') ask()
  await round
  expect(order).toEqual(['answer', 'round'])
})
