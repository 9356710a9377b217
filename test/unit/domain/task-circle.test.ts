import { describe, expect, test } from 'vitest'
import { circlesClosedBy, circleThrough, describeCircle } from '../../../src/domain/task-circle.js'
import { parseTreeMap } from '../../../src/domain/json.js'
import { tasksOfRecords } from '../../../src/domain/task.js'
import type { ItemEdit } from '../../../src/domain/tracking-edit.js'

type Items = Record<string, { needs?: string[]; status?: string }>

const tasks = (items: Items): ReturnType<typeof tasksOfRecords> =>
  tasksOfRecords(
    parseTreeMap(JSON.stringify(Object.fromEntries(Object.entries(items).map(([id, { needs = [], status = 'new' }]) => [id, { status, depends_on: needs }])))),
  )

describe('a circle through an item', () => {
  test.each<[Items, string | undefined]>([
    [{ A: {}, B: { needs: ['A'] } }, undefined],
    [{ A: { needs: ['A'] } }, 'A needs A'],
    [{ A: { needs: ['B'] }, B: { needs: ['A'] } }, 'A needs B, B needs A'],
    [{ A: { needs: ['B'] }, B: { needs: ['C'] }, C: { needs: ['A'] } }, 'A needs B, B needs C, C needs A'],
    [{ A: { needs: ['B', 'C'] }, B: { needs: ['D'] }, D: { needs: ['A'] }, C: { needs: ['A'] } }, 'A needs C, C needs A'], // the shortest
    [{ A: { needs: ['B'] }, B: { needs: ['C'] }, C: { needs: ['B'] } }, undefined], // it is not in it
    [{ A: { needs: ['B'] }, B: { needs: ['A'], status: 'complete' } }, undefined],
    [{ A: { needs: ['gone'] } }, undefined],
  ])('of %j is %j', (items, words) => {
    const circle = circleThrough('A', tasks(items))
    expect(circle === undefined ? undefined : describeCircle(circle)).toBe(words)
  })

  test('of a hundred thousand items is found, and does not fill the stack', () => {
    const count = 100_000
    const all = new Map(Array.from({ length: count }, (_, n) => [`T${n}`, { status: 'new', dependsOn: [`T${(n + 1) % count}`] }]))
    expect(circleThrough('T0', all)).toHaveLength(count + 1)
  })
})

describe('circles that a write closes', () => {
  const needs = (id: string, ...others: string[]): ItemEdit => ({ id, edits: [{ do: 'set', path: '/depends_on', value: JSON.stringify(others) }], is: 'changed' })

  test('are told once, however many of the items are written', () => {
    expect(circlesClosedBy([needs('A', 'B'), needs('B', 'A')], tasks({ A: {}, B: {} }))).toEqual([['A', 'B', 'A']])
  })

  test('are not those that stood before', () => {
    const before = tasks({ A: { needs: ['B'] }, B: { needs: ['A'] } })
    expect(circlesClosedBy([{ id: 'A', edits: [{ do: 'set', path: '/title', value: '"x"' }], is: 'changed' }], before)).toEqual([])
    expect(circlesClosedBy([needs('C', 'A')], before)).toEqual([])
  })

  test('are those, too, that a completed item kept open', () => {
    const before = tasks({ A: { needs: ['B'], status: 'complete' }, B: { needs: ['A'] } })
    const reopened: ItemEdit = { id: 'A', edits: [{ do: 'set', path: '/status', value: '"new"' }], is: 'changed' }
    expect(circlesClosedBy([reopened], before)).toEqual([['A', 'B', 'A']])
    expect(circlesClosedBy([reopened, { id: 'B', edits: [{ do: 'delete', path: '' }], is: 'deleted' }], before)).toEqual([])
  })
})
