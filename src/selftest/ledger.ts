/**
 * What writers were told, held against what is there. Each write adds to a number of its writer in which it has a digit of its
 * own, so that the digit says how often the write was applied; and it sets one of a few slots, so that an older write that
 * beat a newer one shows.
 */
import type { TreeMap } from '../domain/json.js'
import { formatPointer } from '../domain/pointer.js'
import { valueAt } from '../domain/tree.js'

/** Digits of one number. */
const DIGITS = 100
const SLOTS = 8
/** Every so many writes one goes to the agent that all share. */
const SHARED_EVERY = 4
export const SHARED_AGENT = 'shared'

/** Which agent the write goes to, and what it sets there. */
export interface PlannedWrite {
  agent: string
  assignments: string[]
}

export function planWrite(writer: string, seq: number): PlannedWrite {
  const { agent, number, digit, slot } = placeOf(writer, seq)
  return { agent, assignments: [`${number}+=1${'0'.repeat(digit)}`, `${slot}=${seq}`] }
}

function placeOf(writer: string, seq: number): { agent: string; number: string; digit: number; slot: string } {
  const agent = seq % SHARED_EVERY === 0 ? SHARED_AGENT : writer
  return { agent, number: `${writer}-n${Math.floor(seq / DIGITS)}`, digit: seq % DIGITS, slot: `${writer}-s${seq % SLOTS}` }
}

/** A context as each side shows it. */
export interface Sides {
  file: TreeMap
  /** Without Redis: none. */
  redis?: TreeMap
}

export type Told = 'acknowledged' | 'refused'

export interface Tally {
  /** Attempts, each counted once however often it was repeated. */
  writes: number
  acknowledged: number
  /** Acknowledged, and there on every side. */
  kept: number
  /** Acknowledged, and there on no side. */
  lost: number
  /** Acknowledged, and in the file or in Redis only: not lost, and not in its place either. */
  onOneSide: number
  twice: number
  /** Slots that an older write holds although a newer one was acknowledged, and numbers that came in the wrong order. */
  outOfOrder: number
  /** Their writer was killed before it was told: there, or not. */
  unknown: number
  /** The command said that nothing was written. */
  refused: number
  /** The first few of what is wrong, in words. */
  problems: string[]
}

interface Attempt {
  told?: Told
}

const MAX_PROBLEMS = 20

export class Ledger {
  /** How many there are by now; asked for all the time. */
  acknowledgedCount = 0
  private readonly byWriter = new Map<string, Map<number, Attempt>>()
  /** By writer: attempts that nobody was told of yet. */
  private readonly open = new Map<string, Set<number>>()
  private readonly lastRev = new Map<string, number>()
  private wrongNumbers = 0
  private readonly said: string[] = []

  started(writer: string, seq: number): void {
    const attempts = this.attemptsOf(writer)
    if (attempts.has(seq)) return
    attempts.set(seq, {})
    this.openOf(writer).add(seq)
  }

  /** `rev` null: not numbered yet, or not the number of this write alone. */
  told(writer: string, seq: number, told: Told, rev: number | null = null): void {
    const attempts = this.attemptsOf(writer)
    if (told === 'acknowledged' && attempts.get(seq)?.told !== 'acknowledged') this.acknowledgedCount++
    attempts.set(seq, { told })
    this.openOf(writer).delete(seq)
    if (rev === null) return
    const last = this.lastRev.get(writer) ?? 0
    if (rev <= last) {
      this.wrongNumbers++
      this.said.push(`${writer} was given revision ${rev} for write ${seq}, after ${last}`)
    }
    this.lastRev.set(writer, Math.max(rev, last))
  }

  /** Attempts whose outcome nobody knows, of a writer that was killed. */
  unknownOf(writer: string): number[] {
    return [...this.openOf(writer)]
  }

  /** Every attempt has the number after the one before. */
  nextOf(writer: string): number {
    return this.attemptsOf(writer).size + 1
  }

  /** Against the context as the sides show it. */
  tally(sides: Sides): Tally {
    const tally: Tally = {
      ...{ writes: 0, acknowledged: 0, kept: 0, lost: 0, onOneSide: 0, twice: 0, outOfOrder: this.wrongNumbers, unknown: 0, refused: 0 },
      problems: [...this.said],
    }
    for (const [writer, seq, attempt] of this.all()) {
      const times = sides.redis === undefined ? undefined : timesApplied(sides.redis, writer, seq)
      judge(tally, writer, seq, attempt.told, { file: timesApplied(sides.file, writer, seq), redis: times })
    }
    for (const writer of this.byWriter.keys()) this.judgeSlots(tally, sides, writer)
    tally.problems = tally.problems.slice(0, MAX_PROBLEMS)
    return tally
  }

  private all(): [string, number, Attempt][] {
    return [...this.byWriter].flatMap(([writer, attempts]) =>
      [...attempts].map(([seq, attempt]): [string, number, Attempt] => [writer, seq, attempt]),
    )
  }

  /** One side that is behind is told as a difference; an order is wrong when no side has the newer write. */
  private judgeSlots(tally: Tally, { file, redis }: Sides, writer: string): void {
    const newest = new Map<string, number>()
    for (const [seq, { told }] of this.attemptsOf(writer)) {
      const { agent, slot } = placeOf(writer, seq)
      const path = pathOf(agent, slot)
      if (told === 'acknowledged') newest.set(path, Math.max(seq, newest.get(path) ?? 0))
    }
    for (const [path, seq] of newest) {
      const there = Math.max(...[file, redis].map((side) => Number((side && valueAt(side, path)) ?? 0)))
      if (there >= seq) continue
      tally.outOfOrder++
      tally.problems.push(`${path} holds write ${there}, and ${seq} was acknowledged after it`)
    }
  }

  private openOf(writer: string): Set<number> {
    let open = this.open.get(writer)
    if (open === undefined) this.open.set(writer, (open = new Set<number>()))
    return open
  }

  private attemptsOf(writer: string): Map<number, Attempt> {
    let attempts = this.byWriter.get(writer)
    if (attempts === undefined) this.byWriter.set(writer, (attempts = new Map<number, Attempt>()))
    return attempts
  }
}

const pathOf = (agent: string, name: string): string => formatPointer(['agents', agent, 'context', name])

function timesApplied(context: TreeMap, writer: string, seq: number): number {
  const { agent, number, digit } = placeOf(writer, seq)
  const digits = valueAt(context, pathOf(agent, number))
  return typeof digits === 'string' ? Number(digits.at(-1 - digit) ?? 0) : 0
}

/** How often a write was applied, as each side shows it. */
interface Times {
  file: number
  /** Without Redis: none. */
  redis: number | undefined
}

function judge(tally: Tally, writer: string, seq: number, told: Told | undefined, { file, redis = file }: Times): void {
  const times = Math.max(file, redis)
  tally.writes++
  if (told === 'acknowledged') tally.acknowledged++
  else if (told === 'refused') tally.refused++
  else tally.unknown++
  if (told === 'acknowledged' && file > 0 && redis > 0) tally.kept++
  if (told === 'acknowledged' && times === 0) {
    tally.lost++
    tally.problems.push(`write ${seq} of ${writer} was acknowledged and is not there`)
  }
  if (told === 'acknowledged' && times > 0 && Math.min(file, redis) === 0) {
    tally.onOneSide++
    tally.problems.push(`write ${seq} of ${writer} was acknowledged and is in ${file > 0 ? 'the file, not in Redis' : 'Redis, not in the file'}`)
  }
  if (told === 'refused' && times > 0) tally.problems.push(`write ${seq} of ${writer} was refused and is there`)
  if (times > 1) {
    tally.twice++
    tally.problems.push(`write ${seq} of ${writer} was applied ${times} times`)
  }
}
