/**
 * From what a writer asked for to what a commit changes: pure, so that online writers, replay and the preview of pending
 * writes cannot disagree.
 */
import { type Count, type Entry, emptyEntry, insertInto } from './entry.js'
import { formatLine } from './json.js'
import { addNumbers } from './number.js'
import { type ChangedLeaf, type Draft, type Edit, isTimeOfWrite, type Lost, type Operation, type Stamp } from './operation.js'
import { PathIndex } from './path-index.js'
import { fieldOf, type Pointer } from './pointer.js'
import { TreeCopy, valueAt } from './tree.js'

export interface Resolved {
  draft: Draft
  /** Hash fields whose content the result depends on: the commit compares them. */
  dependsOn: Set<string>
  /** The result depends on whether the record is there. */
  dependsOnLife: boolean
  /** Leaves to which a number should have been added and that hold something else, or a number of too many digits. */
  notNumbers: Pointer[]
}

export interface ResolveOptions {
  /** Time of the change: the operation's, capped at Redis' clock. */
  t: number
  /**
   * `order`: the writer is online, and the order is the revision. `stamps`: the operation waited; a leaf that got another
   * value meanwhile keeps it if that one is newer and the writer had not seen it. `everything`: nothing of it is written, it
   * is only told what would have been.
   */
  against: 'order' | 'stamps' | 'everything'
  /** The operation was committed before, in a lineage that was lost: its leaves keep that stamp. */
  stamp?: Stamp
}

export function resolve(operation: Operation, current: Entry | undefined, options: ResolveOptions): Resolved {
  const work = new Resolution(operation, current, options)
  for (const edit of operation.edits) work.take(edit)
  return work.result()
}

class Resolution {
  private readonly entry: Readonly<Entry>
  /** Of the record, as it will be. */
  private readonly tree: TreeCopy
  private readonly leaves: ChangedLeaf[] = []
  /** What its root has added to leaves, this operation included. */
  private readonly added = new Map<Pointer, Count>()
  private readonly inserts: NonNullable<Draft['inserts']> = []
  private readonly lost: Lost[] = []
  private readonly dependsOn = new Set<string>()
  private readonly notNumbers: Pointer[] = []
  private dependsOnLife = false
  private index: PathIndex | undefined

  constructor(
    private readonly operation: Operation,
    current: Entry | undefined,
    private readonly options: ResolveOptions,
  ) {
    this.entry = current ?? emptyEntry()
    this.tree = new TreeCopy(this.entry.tree)
  }

  take(edit: Edit): void {
    if (this.options.against !== 'order' && this.isOutrun(edit)) {
      this.lose(edit)
      return
    }
    if (isPart(edit.path)) this.dependsOn.add(fieldOf(edit.path))
    switch (edit.do) {
      case 'set':
        this.set(edit.path, edit.value)
        break
      case 'delete':
        if (edit.path === '') this.dependsOnLife = true
        this.tree.delete(edit.path)
        this.push({ path: edit.path, value: null })
        break
      case 'default':
        this.dependsOn.add(fieldOf(edit.path))
        if (valueAt(this.tree.top, edit.path) === undefined) this.set(edit.path, edit.value)
        break
      case 'add':
        this.add(edit.path, edit.by)
        break
      case 'insert':
        this.dependsOn.add(fieldOf(edit.path))
        this.tree.set(edit.path, insertInto(this.tree.top, edit.path, edit.value, edit.keep))
        this.inserts.push({ path: edit.path, value: edit.value, keep: edit.keep })
    }
  }

  result(): Resolved {
    const { id, target, kind, by, digest } = this.operation
    const draft: Draft = { id, t: this.options.t, target, kind, by, leaves: this.leaves }
    if (this.inserts.length > 0) draft.inserts = this.inserts
    if (this.lost.length > 0) draft.lost = this.lost
    if (digest !== undefined) draft.digest = digest
    if (this.options.against !== 'order' && this.operation.root !== '') draft.waited = this.operation.root
    return { draft, dependsOn: this.dependsOn, dependsOnLife: this.dependsOnLife, notNumbers: this.notNumbers }
  }

  private set(path: Pointer, value: string): void {
    if (value === '{}') this.dependsOn.add(fieldOf(path))
    this.tree.set(path, value)
    this.push({ path, value })
  }

  private add(path: Pointer, by: string): void {
    this.dependsOn.add(fieldOf(path))
    const before = valueAt(this.tree.top, path) ?? '0'
    const value = typeof before === 'string' ? addNumbers(before, by) : undefined
    if (value === undefined) {
      this.notNumbers.push(path)
      return
    }
    const { root } = this.operation
    const own = this.added.get(path) ?? this.entry.counts.get(path)?.get(root)
    const count = { n: (own?.n ?? 0) + 1, sum: addNumbers(own?.sum ?? '0', by) ?? by }
    this.added.set(path, count)
    this.tree.set(path, value)
    this.leaves.push({ path, value, counts: [{ root, ...count }] })
  }

  private push(leaf: ChangedLeaf): void {
    this.leaves.push(this.options.stamp === undefined ? leaf : { ...leaf, stamp: this.options.stamp })
  }

  /** Another change of the same leaf, unseen by the writer and newer, has come first. */
  private isOutrun(edit: Edit): boolean {
    if (this.options.against === 'everything') return true
    this.index ??= new PathIndex(this.entry.stamps) // no edit changes the stamps of the entry
    for (const path of sparesBelow(edit) ? this.index.containing(edit.path) : this.index.overlapping(edit.path)) {
      const stamp = this.entry.stamps.get(path)!
      if (!(path === edit.path && commutes(edit)) && !this.wasSeen(stamp) && stamp.t > this.options.t) return true
    }
    return false
  }

  private wasSeen(stamp: Stamp): boolean {
    return stamp.epoch === this.operation.baseEpoch && stamp.rev <= this.operation.base
  }

  private lose(edit: Edit): void {
    if (edit.do === 'default' || isTimeOfWrite(edit.path)) return // a later write has a later time: nothing of this one is lost by that
    const kept = edit.path === '' && !this.entry.live ? undefined : valueAt(this.tree.top, edit.path)
    const value = edit.do === 'delete' ? null : edit.do === 'add' ? edit.by : edit.value
    const standing = kept === undefined ? null : formatLine(kept)
    if (edit.do === 'add' || standing !== value) this.lost.push({ path: edit.path, lost: value, kept: standing })
  }
}

/** Additions and insertions commute with all but what is above them. */
const commutes = ({ do: kind }: Edit): boolean => kind === 'add' || kind === 'insert'

/** What is below its leaf stays. */
const sparesBelow = (edit: Edit): boolean => commutes(edit) || (edit.do === 'set' && edit.value === '{}')

/** It names a part of a member. */
const isPart = (path: Pointer): boolean => path.indexOf('/', 1) > 0
