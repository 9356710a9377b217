import { describe, expect, it } from 'vitest'
import type { Notice } from '../../../src/core/memory.js'
import { setContext } from '../../../src/usecases/set.js'
import { updateStatus } from '../../../src/usecases/update.js'
import { isWanted, logLines, watchLines, type WatchOptions } from '../../../src/usecases/watch.js'
import { fakeSurroundings } from '../../support/fake-memory.js'
import { memoryFiles } from '../../support/memory-files.js'

const message = (agent: string, event: string): Notice => ({
  is: 'message',
  cursor: '1',
  text: JSON.stringify({ agent, event }),
})

async function watched(notices: Notice[], options: Partial<WatchOptions> = {}): Promise<string[]> {
  const world = fakeSurroundings()
  world.memory.notices = notices
  const lines: string[] = []
  for await (const line of watchLines(world, { signal: new AbortController().signal, ...options }))
    lines.push(`${line.agent}:${line.event}`)
  return lines
}

describe('watch', () => {
  const notices: Notice[] = [
    message('mary', 'new_data'),
    { is: 'ready', rev: 4, cursor: '4' },
    message('rnd', 'new_data'),
    message('mary', 'other'),
    { is: 'gap', from: 1, to: 3 },
  ]

  it('tells everything, and when it is ready', async () => {
    const ready: number[] = []
    expect(await watched(notices, { onReady: (rev) => ready.push(rev) })).toEqual([
      'mary:new_data',
      'rnd:new_data',
      'mary:other',
      'null:gap',
    ])
    expect(ready).toEqual([4])
  })

  it('tells only what was asked for, and a gap always', async () => {
    expect(await watched(notices, { agent: 'mary' })).toEqual(['mary:new_data', 'mary:other', 'null:gap'])
    expect(await watched(notices, { event: 'other' })).toEqual(['mary:other', 'null:gap'])
  })

  it('does not count a gap where an event was named', () => {
    const gap = { event: 'gap', agent: null, json: new Map() }
    expect(isWanted(gap, { agent: 'mary' })).toBe(true)
    expect(isWanted(gap, { event: 'other' })).toBe(false)
    expect(isWanted(gap, { event: 'gap' })).toBe(true)
  })

  it.each(['', 'abc', '-1', '1 2', '99999999999999999999'])('refuses %j as a place to begin', async (since) => {
    await expect(watched([], { since })).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('log', () => {
  it('shows who changed what, from a revision on', async () => {
    const world = fakeSurroundings()
    await updateStatus(world, { root: '/r', files: memoryFiles().api }, { agent: 'mary', status: 'active' })
    await setContext(world, { name: 'current_work', assignments: ['a=1'] })
    await setContext(world, { name: 'mary', assignments: ['a=1'] })
    expect((await logLines(world, {})).map(({ json }) => [json.get('rev'), json.get('by')])).toEqual([
      ['1', '"tester"'],
      ['2', '"tester"'],
      ['3', '"tester"'],
    ])
    expect((await logLines(world, { since: '1', agent: 'mary' })).map(({ json }) => json.get('rev'))).toEqual(['3'])
  })
})
