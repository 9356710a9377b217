/** Puts a plan on the disk, writing down first what was there. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { foreseen, MemoryError, messageOf } from '../errors/errors.js'
import { sha256 } from '../platform/digests.js'
import { makeFolder } from '../platform/make-folder.js'
import { digestOfTree, look, lookAtTree, putFile, putLink, putTree, sameShape, type Shape, sweepPreparations } from './disk.js'
import type { Intent, Step } from './intent.js'
import { backUp, type InstallRecord, keepForeign, keepForeignTree, type RecordEntry, writeRecord } from './record.js'

/** What an intent would change; null: nothing. */
export interface Change {
  intent: Intent
  now: Shape
}

/** Looks only. */
export function changesOf(step: Step): Change[] {
  return step.intents.flatMap((intent) => {
    if (intent.do === 'folder' && isFolder(intent.path)) return []
    const now = intent.do === 'tree' || intent.do === 'remove' ? lookAtTree(intent.path) : look(intent.path)
    return sameShape(now, wantedBy(intent)) ? [] : [{ intent, now }]
  })
}

/** One behind a link is one: where somebody keeps a folder is their affair. */
const isFolder = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

function wantedBy(intent: Intent): Shape {
  const none = { mtimeMs: 0, uid: 0, gid: 0 }
  switch (intent.do) {
    case 'folder':
      return { is: 'folder', mode: intent.mode }
    case 'file':
      return { is: 'file', sha256: sha256(intent.text), mode: intent.mode, ...none }
    case 'link':
      return { is: 'link', target: intent.target, ...none }
    case 'tree':
      return { is: 'tree', sha256: digestOfTree(intent.files) }
    case 'remove':
      return { is: 'absent' }
  }
}

export class Applier {
  constructor(
    private readonly folder: string,
    readonly record: InstallRecord,
    private readonly warn: (text: string) => void,
  ) {}

  /** Notes the folders that hold the record: nothing else may be written before. */
  begin(made: readonly string[]): void {
    for (const path of made) this.enter('record', { do: 'folder', path, mode: 0o700 }, { is: 'absent' })
    this.makeParents('record', this.folder)
    this.save()
  }

  save(): void {
    writeRecord(this.folder, this.record)
  }

  /** The paths that changed. Throws MemoryError `unavailable` when the disk refuses. */
  apply(step: Step): string[] {
    const changed: string[] = []
    for (const change of changesOf(step)) {
      try {
        this.applyOne(step.name, change)
      } catch (error) {
        throw foreseen(error) ?? new MemoryError('failed', `${change.intent.path} cannot be made: ${messageOf(error)}`, { cause: error })
      }
      changed.push(change.intent.path)
    }
    return changed
  }

  /** Enters what is ours and not in the record. Returns all that is in it then: a stage that fails takes back what comes after it. */
  takeOver({ name, intents, ours = [] }: Step): Set<RecordEntry> {
    for (const path of ours) {
      if (this.find(path) !== undefined) continue
      const now = lookAtTree(path)
      if (now.is === 'absent' || now.is === 'other') continue
      const intent = intents.find((of) => of.path === path)
      const after = intent === undefined ? now : wantedBy(intent)
      this.record.entries.push({ path, step: name, part: 'whole', before: { is: 'absent' }, after, previous: null, foreign: false })
    }
    return new Set(this.record.entries)
  }

  private applyOne(step: string, { intent, now }: Change): void {
    if (intent.do === 'folder' && now.is !== 'absent') throw inTheWay(intent.path)
    if (now.is === 'folder' || now.is === 'other') throw inTheWay(intent.path)
    if (intent.do === 'folder') this.makeParents(step, intent.path)
    else if (intent.do !== 'remove') this.makeParents(step, dirname(intent.path))
    const entry = this.enter(step, intent, now)
    this.save()
    perform(intent, now)
    entry.after = intent.do === 'tree' ? wantedBy(intent) : look(intent.path)
    entry.previous = null
    if (intent.do === 'remove' && entry.before.is === 'absent') this.record.entries.splice(this.record.entries.indexOf(entry), 1)
  }

  /** Each folder that is missing is one that goes again. */
  private makeParents(step: string, folder: string): void {
    if (look(folder).is !== 'absent') return
    this.makeParents(step, dirname(folder))
    if (this.find(folder) === undefined) this.enter(step, { do: 'folder', path: folder, mode: 0o755 }, { is: 'absent' })
  }

  private enter(step: string, intent: Intent, now: Shape): RecordEntry {
    const wanted = wantedBy(intent)
    // To be told from what others add to it later.
    if (intent.do === 'file' && intent.part === 'settings') backUp(this.folder, Buffer.from(intent.text))
    const known = this.find(intent.path)
    if (known !== undefined) {
      this.noteForeign(known, now)
      Object.assign(known, { previous: known.after, after: wanted, step })
      return known
    }
    if (now.is === 'file') backUp(this.folder, fs.readFileSync(intent.path))
    const part = intent.do === 'file' ? intent.part : 'whole'
    const entry: RecordEntry = { path: intent.path, step, part, before: now, after: wanted, previous: null, foreign: false }
    this.record.entries.push(entry)
    return entry
  }

  /** What somebody made of our file since is not what the rollback will bring back, and is kept for its author. */
  private noteForeign(entry: RecordEntry, now: Shape): void {
    const ours = [entry.after, entry.previous, entry.before]
    if (now.is === 'absent' || ours.some((shape) => shape !== null && sameShape(shape, now))) return
    entry.foreign = true
    if (entry.part !== 'whole' || (now.is !== 'file' && now.is !== 'tree')) return
    const kept =
      now.is === 'tree' ? keepForeignTree(this.folder, entry.path) : keepForeign(this.folder, entry.path, fs.readFileSync(entry.path))
    this.warn(`${entry.path} had been changed since it was installed; what it was is kept as ${kept}`)
  }

  private find(path: string): RecordEntry | undefined {
    return this.record.entries.find((entry) => entry.path === path)
  }
}

function perform(intent: Intent, now: Shape): void {
  sweepPreparations(intent.path)
  switch (intent.do) {
    case 'folder':
      makeFolder(intent.path, intent.mode)
      fs.chmodSync(intent.path, intent.mode)
      return
    case 'file':
      if (now.is === 'absent' || now.is === 'file') makeFolder(dirname(intent.path))
      putFile(intent.path, intent.text, intent.mode, now.is === 'file' ? now : undefined)
      return
    case 'link':
      makeFolder(dirname(intent.path))
      putLink(intent.path, intent.target)
      return
    case 'tree':
      makeFolder(dirname(intent.path))
      putTree(intent.path, intent.files)
      return
    case 'remove':
      fs.rmSync(intent.path, { recursive: true, force: true })
  }
}

const inTheWay = (path: string): MemoryError =>
  new MemoryError('failed', `${path} is in the way: what has to be put there is of another kind`, {
    suggestions: ['look what it is, and move it away'],
  })
