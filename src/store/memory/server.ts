/** A Redis in memory, for tests and the simulation: it can be restarted, emptied, rolled back and written to by others. */
import { emptyLease } from '../../domain/lease.js'
import type { Target } from '../../domain/operation.js'
import { agentTarget } from '../../domain/operation.js'
import { decodeName } from '../hash-fields.js'
import { emptyData, emptyRecord, type MemoryData, recordAt } from './data.js'

export interface MemoryServerOptions {
  /** The server's clock, ms. */
  now: () => number
  /** Changes that the stream keeps. */
  history?: number
}

/** A copy of everything that a server held, for `restart`. */
export interface MemorySnapshot {
  readonly data: MemoryData
}

export type RecordPart = 'record' | 'stamps' | 'types'

export class MemoryServer {
  data: MemoryData = emptyData()
  /** The server process; another one after each restart. */
  run = 'run-1'
  readonly now: () => number
  readonly history: number
  private restarts = 1
  private readonly hearers = new Set<(name: string, next: string | null) => void>()

  constructor({ now, history = 10_000 }: MemoryServerOptions) {
    this.now = now
    this.history = history
  }

  snapshot(): MemorySnapshot {
    return { data: structuredClone(this.data) }
  }

  /** Another process, with all the data, none, or what an older copy has. */
  restart({ keep }: { keep: 'all' | 'nothing' | MemorySnapshot }): void {
    this.run = `run-${++this.restarts}`
    if (keep === 'nothing') this.data = emptyData()
    else if (keep !== 'all') this.data = structuredClone(keep.data)
  }

  /** FLUSHALL: the data is gone, the process is the same. */
  flush(): void {
    this.data = emptyData()
  }

  /** Loses keys of one record, as under `maxmemory`; without `parts`, all of them. */
  evict(target: Target, parts: readonly RecordPart[] = ['record', 'stamps', 'types']): void {
    const record = this.data.records.get(target)
    if (record === undefined) return
    const lost = emptyRecord()
    if (parts.includes('record')) record.fields = lost.fields
    if (parts.includes('types')) record.types = lost.types
    if (parts.includes('stamps')) Object.assign(record, { stamps: lost.stamps, counts: lost.counts, stampsLost: true })
  }

  /** Loses one of the keys that belong to no record. */
  evictMarks(key: 'sync' | 'seen' | 'counter' | 'stream'): void {
    if (key === 'counter') this.data.counter = 0
    else if (key === 'stream') this.data.stream = []
    else this.data[key] = null
  }

  /** HSET by a legacy program. */
  legacySet(agent: string, field: string, rawText: string): void {
    recordAt(this.data, agentTarget(agent)).fields.set(decodeName(field), rawText)
  }

  /** Grants a lease, as far as commits look at it. */
  setFence(name: string, fence: number): void {
    this.data.leases.set(name, { ...emptyLease(name), fence })
  }

  /** Tells who waits that a lease is free. */
  wake(name: string, next: string | null): void {
    for (const heard of this.hearers) heard(name, next)
  }

  onWake(heard: (name: string, next: string | null) => void): () => Promise<void> {
    this.hearers.add(heard)
    return () => {
      this.hearers.delete(heard)
      return Promise.resolve()
    }
  }
}
