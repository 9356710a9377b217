/** One part of a selftest: writers of all kinds on an arena, what they were told, and what is there in the end. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { MemoryError } from '../errors/errors.js'
import { endChild } from '../platform/children.js'
import { InvalidJson, type Tree } from '../domain/json.js'
import { valueAt } from '../domain/tree.js'
import type { Arena } from './arena.js'
import type { Chance } from './chance.js'
import { Ledger, planWrite, type Sides, type Tally } from './ledger.js'
import type { Plan } from './plan.js'
import { contextOf, differenceOf, readContext, readHashes } from './truth.js'
import type { Part } from './verdict.js'
import { COMPARED_AGENT, type Orders, readLine, type WriterLine, type WriterOrder } from './writer-process.js'

/** A write that takes longer hangs. */
const HUNG_MS = 30_000
const LOOK_MS = 25
const FILE_LOOK_MS = 50

export interface Session {
  arena: Arena
  plan: Plan
  chance: Chance
  /** Names this run: in idempotency keys. */
  tag: string
  signal: AbortSignal
}

export interface WriterProcess {
  child: ChildProcess
  names: readonly string[]
  done: Promise<void>
}

/** What a look found. */
export interface Found {
  tally: Tally
  /** Between file and Redis, in words; null: none. */
  difference: string | null
  isWhole: boolean
}

export class Writing {
  readonly ledger = new Ledger()
  readonly kills = { writers: 0, hub: 0, redis: 0 }
  readonly faults: Record<string, number> = {}
  private readonly problems: string[] = []
  private readonly underWay = new Map<string, number>()
  private readonly began = performance.now()
  private slowestMs = 0
  private won = 0
  private perhapsWon = 0
  private fileRev = 0
  private readonly fileTimer: NodeJS.Timeout

  constructor(readonly session: Session) {
    this.fileTimer = setInterval(() => {
      this.lookAtFile()
    }, FILE_LOOK_MS)
  }

  /** A process with these writers; ready when it has said so, or has ended. None after the end of the selftest. */
  async startWriters(writers: WriterOrder[], comparing: Orders['comparing'] = { names: [], wins: 0 }): Promise<WriterProcess> {
    const { arena, plan, tag, signal } = this.session
    signal.throwIfAborted()
    let ready: () => void = () => undefined
    const isReady = new Promise<void>((resolve) => (ready = resolve))
    const child = arena.start(['selftest', 'writer'], (text) => {
      const line = readLine(text)
      if (line?.[0] === 'ready') ready()
      else if (line !== null) this.take(line)
    }, (text) => this.problems.push(`a writer said: ${text.trim()}`))
    const orders: Orders = { tag, writers, comparing, rate: plan.rate }
    child.stdin?.on('error', () => undefined) // it was killed before it read them
    child.stdin?.write(`${JSON.stringify(orders)}\n`)
    const done = once(child, 'close').then(() => {
      ready()
    })
    await isReady
    return { child, names: writers.map(({ name }) => name), done }
  }

  /** What a writer goes on with, after a process of it has ended: what is unknown is repeated where it has a key. */
  orderOf(name: string, keyed: boolean, updates: number | null): WriterOrder {
    const again = keyed ? this.ledger.unknownOf(name) : []
    return { name, first: this.ledger.nextOf(name), updates, keyed, again }
  }

  /** The process stops after what is under way. */
  async stop({ child, done }: WriterProcess): Promise<void> {
    child.stdin?.end()
    await done
    if (child.exitCode !== 0) this.problems.push(`a writer ended with ${child.exitCode ?? child.signalCode}`)
  }

  async kill({ child, done, names }: WriterProcess): Promise<void> {
    await endChild(child, 'SIGKILL')
    await done
    for (const name of names) this.underWay.delete(name)
    this.kills.writers++
  }

  async killHub(): Promise<void> {
    await this.session.arena.endHub('SIGKILL')
    this.kills.hub++
  }

  /** As a shell script does it: a command a write. */
  async writeByCommand(name: string, seq: number): Promise<void> {
    const { agent, assignments } = planWrite(name, seq)
    this.take(['start', name, seq])
    const began = performance.now()
    const { code, stdout, stderr } = await this.session.arena.command('set', agent, ...assignments, '--json')
    if (this.session.signal.aborted) return
    if (code === 0) {
      const { rev, durability } = JSON.parse(stdout) as { rev: number | null; durability: string }
      this.take(['ack', name, seq, durability === 'redis' ? rev : null, durability, Math.round(performance.now() - began)])
    } else if (code === 69) this.take(['refused', name, seq, stdout + stderr])
    else this.take(['failed', `memory_sync set ended with ${code}: ${(stdout + stderr).trim()}`])
  }

  problem(text: string): void {
    this.problems.push(text)
  }

  /** Resolves when so many more writes were acknowledged. Throws MemoryError `failed` when they do not come. */
  async progress(more: number): Promise<void> {
    const target = this.ledger.acknowledgedCount + more
    const deadline = performance.now() + HUNG_MS
    while (this.ledger.acknowledgedCount < target) {
      this.session.signal.throwIfAborted()
      if (performance.now() > deadline) throw new MemoryError('failed', `no write was acknowledged for ${HUNG_MS / 1_000} s`)
      await pause(LOOK_MS)
    }
  }

  /** Resolves when file and Redis are whole and equal, or do not become so in this time, ms. */
  async quiet(limitMs: number): Promise<Found> {
    const { arena, plan, signal } = this.session
    const began = performance.now()
    let found = await this.judge()
    while (!found.isWhole && performance.now() - began < limitMs) {
      signal.throwIfAborted()
      await pause(LOOK_MS)
      if (plan.mode.hub !== 'always') await arena.command('sync').catch(() => undefined) // nobody else brings the file up to date
      found = await this.judge()
    }
    return found
  }

  /** What is there when it is quiet. */
  async part(quietLimitMs: number): Promise<Part> {
    const { arena, plan } = this.session
    const began = performance.now()
    const found = await this.quiet(quietLimitMs)
    clearInterval(this.fileTimer)
    const quietMs = Math.round(performance.now() - began)
    const { tally } = found
    return {
      ...tally,
      mode: plan.mode.name,
      kills: this.kills,
      faults: this.faults,
      fileEqualsRedis: arena.usesRedis ? found.difference === null : null,
      problems: [...tally.problems, ...this.problems, ...(found.difference === null ? [] : [found.difference])],
      quietMs,
      slowestMs: this.slowestMs,
      seconds: Math.round((performance.now() - this.began) / 1_000),
    }
  }

  end(): void {
    clearInterval(this.fileTimer)
  }

  private async judge(): Promise<Found> {
    const { arena } = this.session
    const context = readContext(arena.file)
    const hashes = arena.usesRedis ? await readHashes(await arena.redis(), arena.namespace) : undefined
    const sides: Sides = { file: context ?? new Map<string, Tree>(), ...(hashes !== undefined && { redis: contextOf(hashes) }) }
    const tally = this.ledger.tally(sides)
    this.judgeComparing(sides, tally)
    const missing = context === null ? 'there is no context.json' : null
    const difference = missing ?? (hashes === undefined ? null : differenceOf(sides.file, hashes))
    return { tally, difference, isWhole: difference === null && tally.problems.length === 0 }
  }

  private judgeComparing({ file, redis = file }: Sides, tally: Tally): void {
    const { won, perhapsWon } = this
    if (won + perhapsWon === 0) return
    const values = [file, redis].map((side) => Number(valueAt(side, `/agents/${COMPARED_AGENT}/context/value`) ?? 0))
    const [least, most] = [Math.min(...values), Math.max(...values)]
    tally.writes += won
    tally.acknowledged += won
    tally.kept += Math.min(least, won)
    tally.lost += Math.max(0, won - most)
    tally.onOneSide += Math.min(most, won) - Math.min(least, won)
    if (most > won + perhapsWon) tally.twice += most - won
    if (least >= won && most <= won + perhapsWon) return
    tally.problems.push(`${won} compared writes were acknowledged, and the number is ${[...new Set(values)].join(' in the file and in Redis ')}`)
  }

  private take(line: WriterLine): void {
    switch (line[0]) {
      case 'start':
        this.underWay.set(line[1], performance.now())
        return this.ledger.started(line[1], line[2])
      case 'ack':
        this.underWay.delete(line[1])
        this.slowestMs = Math.max(this.slowestMs, line[5])
        return this.ledger.told(line[1], line[2], 'acknowledged', line[3])
      case 'refused':
        this.underWay.delete(line[1])
        return this.ledger.told(line[1], line[2], 'refused')
      case 'won':
        this.won++
        return
      case 'perhaps won':
        this.perhapsWon++
        return
      case 'failed':
        this.problems.push(line[1])
        return
      case 'ready':
    }
  }

  /** It can be read at any time, and its revision never goes back. */
  private lookAtFile(): void {
    try {
      const rev = Number(readContext(this.session.arena.file)?.get('rev') ?? 0)
      if (rev !== 0 && rev < this.fileRev) this.problem(`the revision of context.json went back from ${this.fileRev} to ${rev}`)
      this.fileRev = Math.max(rev, this.fileRev)
    } catch (error) {
      if (!(error instanceof InvalidJson)) throw error
      this.problem(`context.json could not be read: ${error.message}`)
    }
  }
}
