/** The text of state.json: one JSON object whose first line, the head, can be read without the rest. */
import type { Entry } from '../../domain/entry.js'
import { formatLine, parseOwn, type TreeMap } from '../../domain/json.js'
import { formatStamp, parseStamp } from '../../domain/lineage.js'
import { emptyReplica } from '../../domain/replica.js'
import { type Seen, SeenIds, type SeenText } from '../../domain/seen-ids.js'
import type { Acknowledged, RootState } from '../root.js'

export interface Head {
  format: 1
  generation: number
  epoch: string | null
  rev: number
  high: number
  t: number
  /** Of the newest operation, also of those in `carry`: later ones of this root are newer. */
  lastT: number
  skewMs: number
  /** Ids of the operations in `carry` without a revision. */
  carried: string[]
}

interface Body {
  contains: [string, number][]
  order: string[]
  carry: Acknowledged[]
  /** Under another name than the list of the version before, which reads this state as one without ids. */
  ids?: SeenText
  seen?: [string, Seen][]
  entries: EntryText[]
}

interface EntryText {
  target: string
  live: boolean
  rev: number
  born: number
  tree: string
  stamps: [string, string][]
  counts: [string, [string, number, string][]][]
}

export const emptyState = (): RootState => ({
  generation: 0,
  replica: emptyReplica(),
  carry: [],
  order: [],
  skewMs: 0,
})

export function formatState(state: RootState): string {
  const { replica } = state
  const head: Head = {
    format: 1,
    generation: state.generation,
    epoch: replica.epoch,
    rev: replica.rev,
    high: replica.high,
    t: replica.t,
    lastT: state.carry.reduce((t, { op }) => Math.max(t, op.t), replica.t),
    skewMs: state.skewMs,
    carried: state.carry.filter((entry) => entry.rev === undefined).map((entry) => entry.op.id),
  }
  const body: Omit<Body, 'entries'> = {
    contains: [...replica.contains],
    order: state.order,
    carry: state.carry,
    ids: replica.seen.format(),
  }
  const entries = [...replica.entries].map(([target, entry]) => entryLine(target, entry))
  const members = JSON.stringify(body).slice(0, -1)
  return `{"head":${JSON.stringify(head)},\n"body":${members},"entries":[${entries.join(',')}]}}\n`
}

/** Records whose formatting may keep others waiting: for some milliseconds. */
const AT_A_TIME = 250

/** Formats what has changed since the last time, some at a time, and leaves `formatState` with the rest: what changes meanwhile, and putting it together. */
export function* formatAhead({ replica }: RootState): Generator<void> {
  let count = 0
  for (const [target, entry] of replica.entries) {
    if (isFormatted(entry)) continue
    entryLine(target, entry)
    if (++count % AT_A_TIME === 0) yield
  }
}

const entryLines = new WeakMap<Entry, { tree: TreeMap; rev: number; line: string }>()

function isFormatted(entry: Entry): boolean {
  const known = entryLines.get(entry)
  return known?.tree === entry.tree && known.rev === entry.rev
}

/** Of a record that has not changed since the last time, the text from then: every change gives it another tree. */
function entryLine(target: string, entry: Entry): string {
  if (isFormatted(entry)) return entryLines.get(entry)!.line
  const line = JSON.stringify(entryText(target, entry))
  entryLines.set(entry, { tree: entry.tree, rev: entry.rev, line })
  return line
}

/** Throws for what is no head. */
export function parseHead(firstLine: string): Head {
  const { head } = JSON.parse(`${firstLine.replace(/,$/, '')}}`) as { head?: Partial<Head> }
  if (head?.format !== 1 || !Array.isArray(head.carried) || !Number.isSafeInteger(head.generation)) {
    throw new Error('it is no saved state of this format')
  }
  return head as Head
}

/** Throws for what is no saved state. */
export function parseState(text: string): RootState {
  parseHead(text.slice(0, Math.max(0, text.indexOf('\n'))))
  const { head, body } = JSON.parse(text) as { head: Head; body: Body }
  return {
    generation: head.generation,
    carry: body.carry,
    order: body.order,
    skewMs: head.skewMs,
    replica: {
      epoch: head.epoch,
      rev: head.rev,
      high: head.high,
      t: head.t,
      contains: new Map(body.contains),
      seen: body.ids === undefined ? new SeenIds(body.seen) : SeenIds.of(body.ids),
      entries: new Map(body.entries.map((entry) => [entry.target, entryOf(entry)])),
    },
  }
}

const entryText = (target: string, entry: Entry): EntryText => ({
  target,
  live: entry.live,
  rev: entry.rev,
  born: entry.born,
  tree: formatLine(entry.tree),
  stamps: [...entry.stamps].map(([path, stamp]) => [path, formatStamp(stamp)]),
  counts: [...entry.counts].map(([path, byRoot]) => [path, [...byRoot].map(([root, { n, sum }]) => [root, n, sum])]),
})

const entryOf = (text: EntryText): Entry => ({
  live: text.live,
  rev: text.rev,
  born: text.born,
  tree: parseOwn(text.tree),
  stamps: new Map(text.stamps.map(([path, stamp]) => [path, parseStamp(stamp)])),
  counts: new Map(text.counts.map(([path, byRoot]) => [path, new Map(byRoot.map(([root, n, sum]) => [root, { n, sum }]))])),
})
