/** Changes as the lines of `watch` and `log`: one JSON object each. */
import type { Notice } from '../core/memory.js'
import { deletesRecord } from '../domain/entry.js'
import { eventDataOf, eventNameOf } from '../domain/event.js'
import { InvalidJson, leafOf, parseTreeMap, stringOf, type Tree, type TreeMap } from '../domain/json.js'
import { agentOf, type Change, type Lost, taskOf } from '../domain/operation.js'
import { formatTime } from '../domain/time.js'

/** A line before it is printed. */
export interface Line {
  event: string
  /** null: it is about no agent, or about all of them. */
  agent: string | null
  json: TreeMap
}

export type Told = Exclude<Notice, { is: 'ready' }>

/** `offsetMinutes`: of the times as they are written. */
export function lineOf(notice: Told, offsetMinutes: number): Line {
  switch (notice.is) {
    case 'change':
      return changeLine(notice, offsetMinutes)
    case 'renumbered': {
      const agent = agentOf(notice.target) ?? null
      return line(
        'renumbered',
        agent,
        { rev: String(notice.rev), cursor: leafOf(notice.cursor) },
        { from: leafOf(notice.from) },
      )
    }
    case 'gap':
      return {
        event: 'gap',
        agent: null,
        json: new Map([
          ['event', leafOf('gap')],
          ['from', String(notice.from)],
          ['to', String(notice.to)],
        ]),
      }
    case 'snapshot': {
      const position = { rev: String(notice.rev), cursor: leafOf(notice.cursor) }
      return line('snapshot', null, position, {
        timestamp: notice.context.get('last_update') ?? 'null',
        data: notice.context,
      })
    }
    case 'message':
      return messageLine(notice.cursor, notice.text)
  }
}

/** The line of a committed change, or of one that is acknowledged on this machine only (`pending`). */
export function changeLine(
  { change, cursor, pending }: { change: Change; cursor: string; pending?: true },
  offsetMinutes: number,
): Line {
  const agent = agentOf(change.target) ?? null
  const task = taskOf(change.target)
  const deleted = deletesRecord(change)
  const position = { rev: pending === true ? 'null' : String(change.rev), cursor: leafOf(cursor) }
  return line(eventNameOf(change), agent, position, {
    ...(task !== undefined && { task: leafOf(task) }),
    timestamp: leafOf(formatTime(change.t, offsetMinutes)),
    data: eventDataOf(change),
    by: leafOf(change.by),
    ...(deleted && { deleted: 'true' }),
    ...(change.lost !== undefined && { conflict: `[${change.lost.map(conflictText).join(',')}]` }),
    ...(pending === true && { pending: 'true' }),
  })
}

const conflictText = ({ path, kept, lost }: Lost): string =>
  `{"path":${leafOf(path)},"kept":${kept ?? 'null'},"lost":${lost ?? 'null'}}`

/** What a legacy program published, as it came: only what every line has is added. Text that is no object stands in `data`. */
function messageLine(cursor: string, text: string): Line {
  const message = objectOf(text) ?? new Map<string, Tree>([['data', leafOf(text)]])
  const agent = stringOf(message.get('agent')) ?? null
  const event = stringOf(message.get('event')) ?? 'message'
  const timestamp = message.get('timestamp') ?? message.get('ts') ?? 'null'
  const made = line(
    event,
    agent,
    { rev: 'null', cursor: leafOf(cursor) },
    { timestamp, data: message.get('data') ?? 'null', by: 'null' },
  )
  for (const [key, value] of message) if (!made.json.has(key)) made.json.set(key, value)
  return made
}

function objectOf(text: string): TreeMap | undefined {
  try {
    return parseTreeMap(text)
  } catch (error) {
    if (error instanceof InvalidJson) return undefined
    throw error
  }
}

function line(
  event: string,
  agent: string | null,
  position: { rev: Tree; cursor: Tree },
  rest: Record<string, Tree>,
): Line {
  const json: TreeMap = new Map<string, Tree>([
    ['rev', position.rev],
    ['cursor', position.cursor],
    ['agent', agent === null ? 'null' : leafOf(agent)],
    ['event', leafOf(event)],
    ...Object.entries(rest),
  ])
  return { event, agent, json }
}
