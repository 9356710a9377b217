/** A write after which items would wait for each other is refused: nobody could ever claim one of them. */
import { circlesClosedBy, describeCircle } from '../../domain/task-circle.js'
import type { ItemEdit } from '../../domain/tracking-edit.js'
import { MemoryError } from '../../errors/errors.js'
import { type LoadedTasks, refusalBy, type TaskSurroundings } from './surroundings.js'

/** Throws MemoryError `usage`, with the circles in `details`. Of two writers at the same time each may write one half: neither sees a circle. */
export async function refuseCircles(items: readonly ItemEdit[], { tasks, snapshot }: LoadedTasks, memory: TaskSurroundings['memory']): Promise<void> {
  const circles = circlesClosedBy(items, tasks)
  const [first] = circles
  if (first === undefined) return
  const more = circles.length === 1 ? '' : `, and ${circles.length - 1} more such circle${circles.length === 2 ? '' : 's'}`
  const message = `items would wait for each other, and none could ever be claimed: ${describeCircle(first)}${more}. Nothing was written`
  const suggestions = [`leave one of these dependencies out; memory_sync task show ${first[1] ?? ''} shows what it needs`]
  throw await refusalBy(snapshot, memory, new MemoryError('usage', message, { suggestions, details: { circles } }))
}
