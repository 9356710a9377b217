/**
 * A process that writes until it is told to stop, or is killed: as a program with the library does it. It says a line before each
 * write and another when the write was acknowledged, so that what was under way when it was killed is known.
 */
import { setMaxListeners } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { MemoryError, messageOf } from '../errors/errors.js'
import { stringOf, type Tree } from '../domain/json.js'
import { valueAt } from '../domain/tree.js'
import { setContext } from '../usecases/set.js'
import type { Surroundings } from '../usecases/surroundings.js'
import { planWrite } from './ledger.js'

export interface WriterOrder {
  name: string
  /** The number of the first new write. */
  first: number
  /** How many; null: until told to stop. */
  updates: number | null
  /** With an idempotency key: what is unknown is repeated. */
  keyed: boolean
  /** Unknown writes of the process before. */
  again: number[]
}

export interface Orders {
  tag: string
  writers: WriterOrder[]
  /** Writers that add one to the same number by compare-and-set, so many times each. */
  comparing: { names: string[]; wins: number }
  /** Writes a second of each writer; 0: as fast as it goes. */
  rate: number
}

/** A line of such a process. */
export type WriterLine =
  | ['ready']
  | ['start', string, number]
  | ['ack', string, number, number | null, string, number] // writer, write, revision, durability, ms
  | ['refused', string, number, string]
  | ['won', string]
  | ['perhaps won', string]
  | ['failed', string]

export const COMPARED_AGENT = 'compared'

type Say = (line: WriterLine) => void
type Open = () => Promise<Surroundings>

/** Resolves when everything is written, or `input` has ended. */
export async function runWriters(input: Readable, open: Open, say: Say): Promise<void> {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal) // every writer listens while it pauses: what Node warns of would be taken for a complaint
  const lines = createInterface({ input })
  const orders = await new Promise<Orders>((resolve) => {
    lines.once('line', (line) => {
      resolve(JSON.parse(line) as Orders)
    })
  })
  lines.once('close', () => {
    stop.abort() // whoever started us is gone, or wants us to stop
  })
  say(['ready'])
  await Promise.all([
    ...orders.writers.map((order) => writeAll(order, orders, open, say, stop.signal)),
    ...orders.comparing.names.map((name) => compareAll(name, orders.comparing.wins, open, say, stop.signal)),
  ])
  lines.close()
}

async function writeAll(order: WriterOrder, { tag, rate }: Orders, open: Open, say: Say, signal: AbortSignal): Promise<void> {
  const surroundings = await open()
  const last = order.updates === null ? Infinity : order.first + order.updates - 1
  const began = performance.now()
  for (const seq of order.again) await writeOne(surroundings, order, tag, seq, say)
  for (let seq = order.first, n = 1; seq <= last && !signal.aborted; seq++, n++) {
    await writeOne(surroundings, order, tag, seq, say)
    if (rate > 0) await pauseUntil(began + (n * 1_000) / rate, signal)
  }
  await surroundings.memory.close()
}

async function writeOne(surroundings: Surroundings, { name, keyed }: WriterOrder, tag: string, seq: number, say: Say): Promise<void> {
  const { agent, assignments } = planWrite(name, seq)
  say(['start', name, seq])
  const began = performance.now()
  try {
    const key = keyed ? { idempotencyKey: `${tag} ${name} ${seq}` } : {}
    const receipt = await setContext(surroundings, { name: agent, assignments, ...key })
    const rev = receipt.replayed === true || receipt.durability === 'file' ? null : receipt.rev
    say(['ack', name, seq, rev, receipt.durability, Math.round(performance.now() - began)])
  } catch (error) {
    if (error instanceof MemoryError && error.code === 'unknown-outcome') return // it is there, or not: nobody was told
    if (!(error instanceof MemoryError) || error.code !== 'unavailable') say(['failed', `${name} ${seq}: ${messageOf(error)}`])
    else say(['refused', name, seq, error.message])
  }
}

/** Reads, adds one, writes if nobody was faster: each win has to count. */
async function compareAll(name: string, wins: number, open: Open, say: Say, signal: AbortSignal): Promise<void> {
  const surroundings = await open()
  for (let won = 0; won < wins && !signal.aborted; ) {
    try {
      const { rev, value } = await present(surroundings)
      await setContext(surroundings, { name: COMPARED_AGENT, assignments: [`value=${value + 1}`, `by=${name}`], ifRev: rev })
      won++
      say(['won', name])
    } catch (error) {
      if (error instanceof MemoryError && (error.code === 'conflict' || error.code === 'unavailable')) continue
      if (error instanceof MemoryError && error.code === 'unknown-outcome') {
        say(['perhaps won', name])
        continue
      }
      say(['failed', `${name}: ${messageOf(error)}`])
      return
    }
  }
  await surroundings.memory.close()
}

async function present({ memory }: Surroundings): Promise<{ rev: number; value: number }> {
  const context = (await memory.read())?.context
  const at = (path: string): Tree | undefined => (context === undefined ? undefined : valueAt(context, `/agents/${COMPARED_AGENT}${path}`))
  const number = (tree: Tree | undefined): number => Number(stringOf(tree) ?? tree ?? 0)
  return { rev: number(at('/rev')), value: number(at('/context/value')) }
}

const pauseUntil = (time: number, signal: AbortSignal): Promise<void> =>
  pause(Math.max(0, time - performance.now()), undefined, { signal }).catch(() => undefined)

/** The line of such a process; null: it is none. */
export function readLine(text: string): WriterLine | null {
  try {
    return JSON.parse(text) as WriterLine
  } catch {
    return null // cut off by a kill
  }
}
