/** A root as its keeper has it, with the real plan of each round, and without a disk: its journal and its memory are never lost. */
import { createHash } from 'node:crypto'
import { Exchange } from '../../src/core/exchange.js'
import { HistoryKeeping } from '../../src/core/history-keeping.js'
import type { JournalKeeping } from '../../src/core/journal-keeping.js'
import type { Ports } from '../../src/core/ports.js'
import { RootCopy } from '../../src/core/root-copy.js'
import { submit } from '../../src/core/submit.js'
import { composeDocument } from '../../src/domain/document.js'
import { editsBetween } from '../../src/domain/hand-edit.js'
import { formatLine, parseTreeMap, type TreeMap } from '../../src/domain/json.js'
import type { Edit, Kind, Operation, Target } from '../../src/domain/operation.js'
import type { MemoryServer } from '../../src/store/memory/server.js'
import { MemoryStore } from '../../src/store/memory/store.js'

interface Version {
  text: string
  base: number
  epoch: string | null
  t: number
}

/** A write of which its author was told that it is kept. */
export interface Told {
  op: Operation
  /** Ids of what its author had seen. */
  seen: ReadonlySet<string>
}

export type Fault = 'none' | 'reply lost'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

export class RootActor {
  /** Nothing goes to the shared store, or comes from it. */
  isCut = false
  readonly copy: RootCopy
  readonly told: Told[] = []
  private readonly store: MemoryStore
  private readonly exchange: Exchange
  private readonly versions: Version[] = []
  private writes = 0
  private lastT = 0

  constructor(
    readonly name: string,
    server: MemoryServer,
    private readonly now: () => number,
  ) {
    this.store = new MemoryStore(server)
    this.copy = new RootCopy({ now })
    this.copy.rootId = name
    this.copy.mode = 'away'
    const journal = { save: () => Promise.resolve(), history: new HistoryKeeping(this.ports()) } as unknown as JournalKeeping
    this.exchange = new Exchange(this.ports(), this.copy, journal, {
      beginsWhenAsked: true,
      ownStore: () => {
        throw new Error('there is a shared store')
      },
    })
  }

  async round(): Promise<void> {
    if (this.isCut) return
    this.exchange.note('all')
    await this.exchange.run()
    this.copy.open.settle(this.copy.replica)
    const { rev, epoch, t } = this.copy.replica
    this.versions.push({ text: formatLine(this.document()), base: rev, epoch, t: Math.max(t, this.lastT) })
  }

  document(): TreeMap {
    return composeDocument(this.copy.records(), { rev: this.copy.replica.rev, lastUpdate: undefined, order: [] })
  }

  async write(target: Target, kind: Kind, edits: Edit[], fault: Fault): Promise<void> {
    if (kind === 'delete' && this.copy.records().get(target)?.live !== true) return
    const { rev, epoch } = this.copy.replica
    const id = digest(`${this.name} ${++this.writes}`).slice(0, 32)
    await this.take({ id, t: this.nextT(), target, kind, edits, base: rev, baseEpoch: epoch ?? '', by: this.name, root: this.name }, fault)
  }

  /** Somebody sends a write once more, with its id, because they do not know whether it was done. */
  async again(which: number): Promise<void> {
    const known = this.told[which % Math.max(1, this.told.length)]
    if (known !== undefined) await this.take(known.op, 'none')
  }

  /** Somebody rewrites the file as they read it some versions ago. */
  edit(ago: number, change: (document: TreeMap) => void): void {
    const version = this.versions.at(-1 - ago)
    if (version === undefined) return
    const edited = parseTreeMap(version.text)
    change(edited)
    for (const { target, kind, edits } of editsBetween(parseTreeMap(version.text), edited, true)) {
      const id = digest(`edit ${this.name} ${formatLine(edited)} ${target}`).slice(0, 32)
      const t = Math.max(this.nextT(), version.t + 1)
      if (this.told.some(({ op }) => op.id === id)) continue
      this.keep({ id, t, target, kind, edits, base: version.base, baseEpoch: version.epoch ?? '', by: 'context.json', root: this.name })
    }
  }

  private async take(op: Operation, fault: Fault): Promise<void> {
    const { replica, open } = this.copy
    const { epoch } = replica
    if (!this.isCut && epoch !== null && open.toReplay(replica).length === 0) { // as a writer does: what waits is not overtaken
      const done = await submit(this.store, op, { epoch, floor: replica.high, latest: this.copy.now(), waited: false })
      if (fault === 'none' && (done.is === 'committed' || done.is === 'duplicate')) {
        this.tell(op)
        open.add({ op, rev: done.is === 'committed' ? done.change.rev : done.rev, epoch })
        return
      }
      if (done.is === 'absent' || done.is === 'not-a-number' || done.is === 'nothing') return
    }
    this.keep(op)
  }

  /** Into the journal. */
  private keep(op: Operation): void {
    this.tell(op)
    if (!this.copy.replica.seen.has(op.id)) this.copy.open.add({ op })
  }

  private tell(op: Operation): void {
    if (this.told.some((known) => known.op.id === op.id)) return
    this.told.push({ op, seen: new Set([...this.copy.replica.seen.keys(), ...this.copy.open.all().map((entry) => entry.op.id)]) })
  }

  private nextT(): number {
    this.lastT = Math.max(this.copy.now(), this.lastT + 1)
    return this.lastT
  }

  private ports(): Ports {
    let made = 0
    return {
      root: { path: '/root', append: () => Promise.resolve(), history: { add: () => Promise.resolve() } },
      clock: { now: this.now },
      randomId: () => digest(`random ${this.name} ${++made}`).slice(0, 32),
      digest,
      connector: { configured: 'named', reason: null, url: null, namespace: 'memory', connect: () => Promise.resolve(this.isCut ? null : this.store) },
      tell: () => undefined,
    } as unknown as Ports
  }
}
