/** Items that wait for each other: none of them could ever be claimed. Pure. */
import { type Task, taskOfRecord } from './task.js'
import { cloneMap, type Tree } from './json.js'
import type { ItemEdit } from './tracking-edit.js'
import { applyEdits } from './tree.js'

type Waiting = Pick<Task, 'status' | 'dependsOn'>

/** The shortest way from an item over what it waits for back to itself, as `[A, B, A]`. What is complete keeps nobody waiting. */
export function circleThrough(id: string, all: ReadonlyMap<string, Waiting>): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const next = [id]
  for (const at of next) {
    const task = all.get(at)
    if (task === undefined || task.status === 'complete') continue
    for (const needed of task.dependsOn) {
      if (needed === id) return wayTo(at, cameFrom, [id])
      if (cameFrom.has(needed)) continue
      cameFrom.set(needed, at)
      next.push(needed)
    }
  }
  return undefined
}

function wayTo(last: string, cameFrom: ReadonlyMap<string, string>, end: string[]): string[] {
  const way = end
  for (let at: string | undefined = last; at !== undefined; at = cameFrom.get(at)) way.unshift(at)
  return way
}

/** Circles that would be closed if these edits were written; those that stand already are not among them. */
export function circlesClosedBy(items: readonly ItemEdit[], before: ReadonlyMap<string, Task>): string[][] {
  const after = new Map<string, Waiting>(before)
  for (const item of items) {
    if (item.is === 'deleted') after.delete(item.id)
    else after.set(item.id, edited(item, before.get(item.id)))
  }
  const closed = items.flatMap(({ id }) => {
    const circle = waitsForOthers(id, before, after) ? circleThrough(id, after) : undefined
    return circle === undefined ? [] : [circle]
  })
  return closed.filter((circle, n) => closed.findIndex((other) => isSame(other, circle)) === n)
}

function edited({ id, edits }: ItemEdit, task: Task | undefined): Waiting {
  const record = cloneMap(task?.record ?? new Map<string, Tree>())
  for (const edit of edits) if (edit.do === 'set' || edit.do === 'delete') applyEdits(record, [{ path: edit.path, value: edit.do === 'set' ? edit.value : null }])
  return taskOfRecord(id, record)
}

/** Or for the same ones again: it was complete, and is not any more. */
function waitsForOthers(id: string, before: ReadonlyMap<string, Waiting>, after: ReadonlyMap<string, Waiting>): boolean {
  const [was, is] = [before.get(id), after.get(id)]
  return was === undefined || was.dependsOn.join() !== is?.dependsOn.join() || (was.status === 'complete' && is.status !== 'complete')
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((id) => b.includes(id))

/** `[A, B, A]` in words. */
export const describeCircle = (circle: readonly string[]): string =>
  circle.slice(1).map((needed, n) => `${circle[n] ?? ''} needs ${needed}`).join(', ')
