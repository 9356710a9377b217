/** `watch`: the changes that a caller asked for, as lines, from a cursor on. */
import { parseCursor } from '../core/cursor.js'
import { changeLine, type Line, lineOf } from './notice.js'
import type { Surroundings } from './surroundings.js'

export interface WatchFilter {
  agent?: string
  event?: string
}

export interface WatchOptions extends WatchFilter {
  /** A revision or a cursor; without it, from now on. */
  since?: string
  signal: AbortSignal
  /** Everything up to `rev` has been told; from now on it is live. */
  onReady?: (rev: number) => void
}

/**
 * Every change once, in the order of revisions. A gap and the snapshot after it are told whatever the filter says: a reader
 * that does not hear of them would believe to have seen everything. Ends when the signal aborts.
 */
export async function* watchLines(
  { memory, clock }: Pick<Surroundings, 'memory' | 'clock'>,
  options: WatchOptions,
): AsyncGenerator<Line> {
  const { since, signal, onReady, ...filter } = options
  if (since !== undefined) parseCursor(since)
  for await (const notice of memory.watch({ signal, ...(since !== undefined && { since }) })) {
    if (notice.is === 'ready') {
      onReady?.(notice.rev)
      continue
    }
    const line = lineOf(notice, clock.offsetMinutes())
    if (isGapOrSnapshot(line) || isWanted(line, filter)) yield line
  }
}

/** Whether a line is one of those that were asked for; a gap and its snapshot are where no event was named. */
export const isWanted = (line: Line, { agent, event }: WatchFilter): boolean =>
  (agent === undefined || line.agent === agent || isGapOrSnapshot(line)) &&
  (event === undefined || line.event === event)

const isGapOrSnapshot = ({ event }: Line): boolean => event === 'gap' || event === 'snapshot'

/** The lines of the history after a revision, oldest first. */
export async function logLines(
  { memory, clock }: Pick<Surroundings, 'memory' | 'clock'>,
  { since = '0', ...filter }: { since?: string } & WatchFilter,
): Promise<Line[]> {
  const changes = await memory.history(parseCursor(since).rev)
  const lines = changes.map((change) => changeLine({ change, cursor: String(change.rev) }, clock.offsetMinutes()))
  return lines.filter((line) => isWanted(line, filter))
}
