/**
 * The values of a Memory as plain JSON, and back. A document travels as its one-line text: as a JavaScript object it would
 * lose the order of keys and the digits of numbers.
 */
import type { AcquireOutcome, GrantedAt } from '../core/leasing.js'
import type { Notice, Snapshot, TaskSnapshot, WriteOutcome } from '../core/memory.js'
import { formatLine, OWN_DEPTH, parseOwn, parseTree, type TreeMap } from '../domain/json.js'

/** `T` with every document in it as text. */
type Wire<T> = T extends unknown ? { [K in keyof T]: WireField<K, T[K]> } : never
type WireField<K, V> = K extends 'context' ? string : K extends 'current' ? string | null : V

export type WireSnapshot = Wire<Snapshot>
export type WireNotice = Wire<Notice>
export type WireOutcome = Wire<WriteOutcome>

export const snapshotToWire = (snapshot: Snapshot): WireSnapshot => ({ ...snapshot, context: formatLine(snapshot.context) })
export const snapshotFromWire = (wire: WireSnapshot): Snapshot => ({ ...wire, context: parseOwn(wire.context) })

export type WireTasks = Omit<TaskSnapshot, 'tasks' | 'list'> & { tasks: string; list: string }

export const tasksToWire = (snapshot: TaskSnapshot): WireTasks => ({
  ...snapshot,
  tasks: formatLine(snapshot.tasks),
  list: formatLine(snapshot.list),
})
export const tasksFromWire = (wire: WireTasks): TaskSnapshot => ({
  ...wire,
  tasks: parseOwn(wire.tasks),
  list: parseOwn(wire.list),
})

export const noticeToWire = (notice: Notice): WireNotice =>
  notice.is === 'snapshot' ? { ...notice, context: formatLine(notice.context) } : notice

export const noticeFromWire = (wire: WireNotice): Notice =>
  wire.is === 'snapshot' ? { ...wire, context: parseOwn(wire.context) } : wire

export function outcomeToWire(outcome: WriteOutcome): WireOutcome {
  if (outcome.ok || outcome.reason !== 'conflict') return outcome
  return { ...outcome, current: outcome.current === null ? null : formatLine(outcome.current) }
}

export function outcomeFromWire(wire: WireOutcome): WriteOutcome {
  if (wire.ok || wire.reason !== 'conflict') return wire
  return { ...wire, current: wire.current === null ? null : parseTree(wire.current, OWN_DEPTH) }
}

export const eventToWire = (event: TreeMap): string => formatLine(event)
export const eventFromWire = (text: string): TreeMap => parseOwn(text)

/** Clocks of processes cannot be compared, but how long something is ago can be said. */
export type WireAcquire = Exclude<AcquireOutcome, GrantedAt> | (Omit<GrantedAt, 'asOf'> & { ageMs: number })

/** `now`: when it is sent, on performance.now(). */
export function acquireToWire(outcome: AcquireOutcome, now: number): WireAcquire {
  if (outcome.is !== 'granted') return outcome
  const { asOf, ...granted } = outcome
  return { ...granted, ageMs: Math.ceil(now - asOf) }
}

/** `provenAt`: it was sent after that, on this process's performance.now(). */
export function acquireFromWire(wire: WireAcquire, provenAt: number): AcquireOutcome {
  if (wire.is !== 'granted') return wire
  const { ageMs, ...granted } = wire
  return { ...granted, asOf: provenAt - ageMs }
}
