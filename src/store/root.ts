/**
 * A root: what one machine (or one user on it) keeps of the context in files. The engine is written against this;
 * store/file implements it over the file operations of the platform.
 */
import type { TreeMap } from '../domain/json.js'
import type { Change, Operation } from '../domain/operation.js'
import type { Replica } from '../domain/replica.js'
import type { FileText, Identity } from '../platform/files.js'

/** An acknowledged operation; with its revision and epoch once a shared store has committed it. */
export interface Acknowledged {
  op: Operation
  rev?: number
  epoch?: string
}

/** A line of the journal: an operation, or (files only) a change that the keeper has numbered itself. */
export type JournalLine = Acknowledged | { change: Change }

/** What the keeper saves: everything that the journal said up to a generation, folded. */
export interface RootState {
  /** Journal segments up to this one are contained. */
  generation: number
  replica: Replica
  /** Acknowledged operations of folded segments that the replica does not contain yet. */
  carry: Acknowledged[]
  /** The order of the top-level members in context.json. */
  order: string[]
  /** Clock of the shared store minus ours, ms. */
  skewMs: number
}

/** The cheap look of a writer: no document is read. */
export interface Glance {
  epoch: string | null
  rev: number
  high: number
  skewMs: number
  /** Highest timestamp of the journal's operations. */
  lastT: number
  /** Acknowledged here and, as far as this look tells, not in the shared store. */
  pending: number
  /** Of an operation that was asked for: as far as the journal that is not folded has it, with its revision where it has one. */
  about?: { rev?: number }
}

/** One version of context.json that was written here. */
export interface Version {
  /** As it stands in the file: with the pending writes counted, so that no two versions share it. */
  rev: number
  /** The revision that was confirmed then: what a reader of this version had seen. */
  base: number
  epoch: string | null
  /** Timestamp of the newest write in it. */
  t: number
  /** Of the file's text. */
  hash: string
}

/** A program that had a file open may write to it for so long after it was replaced. */
export const REPLACED_AFTER_MS = 1_000

/** A file that was replaced. */
export interface Replaced {
  identity: Identity
  /** null: it is gone. */
  read(): Promise<FileText | null>
  /** It was looked at, and holds nothing new any more. */
  forget(): Promise<void>
  /** Kept: it cannot be read. Returns where. */
  setAside(reason: string): Promise<string | null>
}

/** Where a text stands, and is set aside from. */
export type Place = Pick<Replaced, 'setAside'>

export interface DocumentFile {
  /** null: there is no file. */
  read(): Promise<FileText | null>
  identify(): Promise<Identity | null>
  /** Atomically, and only while the file still is the expected one (null: none); null where it is not. */
  replace(text: string, expected: Identity | null): Promise<Identity | null>
  /** Former files at this place, `REPLACED_AFTER_MS` after they were replaced: somebody may have written to them until then. */
  replaced(): Promise<Replaced[]>
  /** Keeps a copy of what cannot be read, or must not be lost. Returns where. */
  setAside(reason: string): Promise<string | null>
  /** The same for what cannot be copied (a folder, a pipe, a file that may not be opened): it is moved, and its place is free. */
  moveAside(reason: string): Promise<string | null>
}

/** Versions of context.json of the last ten minutes, so that an edit is compared with the one that it was made from. */
export interface Versions {
  /** Forgets what was read: another keeper may have written since. */
  reload(): void
  last(): Promise<{ version: Version; document: TreeMap } | null>
  /** Of the last one; 0: there is none. */
  lastRev(): Promise<number>
  /**
   * The text with this hash was written here; or it was merged before, and this is the very file that was. The same text in another file
   * is another edit. `place`: where it stands; one that was replaced is looked at once more behind what took its place.
   */
  knows(hash: string, file: Identity, place: 'shown' | 'replaced'): Promise<boolean>
  /** Every version with this revision, newest first; of each the whole document. */
  withRev(rev: number): Promise<{ version: Version; document: TreeMap }[]>
  /** Called before the file is replaced. `json`: the text of the document, where it is at hand. */
  add(version: Version, document: TreeMap, json?: string): Promise<void>
  /** This foreign text has been merged: of this file it is not merged again; without one, of none. */
  merged(hash: string, file?: Identity): Promise<void>
  /** A version stands in the place: a foreign file that is found there again is another one, though it may look the same. */
  placed(): Promise<void>
}

export interface Root {
  readonly path: string
  /** Makes the directory; throws MemoryError `unavailable` where the root cannot be written. */
  prepare(): Promise<void>
  /** Stable for the life of the root. */
  id(): Promise<string>
  /** Throws MemoryError `unavailable` when the line is not in the journal. */
  append(line: JournalLine): Promise<void>
  /** `id`: of an operation that is asked for. */
  glance(id?: string): Promise<Glance>
  /**
   * A consistent look at everything: saved state, then every line behind it in order. Needs no lock. `damage`: why the saved
   * state could not be read; then it is the one before, and the lines are those behind that one.
   */
  load(): Promise<Loaded>
  /** Whether this is the saved state still; null: there was none. As long as it is, `more` goes on from what was loaded. */
  isSaved(saved: Identity | null): Promise<boolean>
  /** Lines since `tail`. */
  more(tail: JournalTail): Promise<{ lines: JournalLine[]; tail: JournalTail }>
  /** Whether nothing was appended to the journal behind `tail`, and it was not closed. */
  isTail(tail: JournalTail): Promise<boolean>
  document: DocumentFile
  versions: Versions
  history: History
  freshness: Freshness

  // By the keeper alone.
  /** Closes the present journal as segment `generation`; later lines go into a new one. */
  seal(generation: number): Promise<void>
  /** What of saving takes long, some at a time and without anything on the disk: for who has others to answer. */
  prepareSave(state: RootState): Promise<void>
  /** The state before is kept until the next time, for one that cannot be read. Returns which one this is. */
  save(state: RootState): Promise<Identity | null>
  /** Keeps a copy of a saved state that cannot be read. Returns where. */
  setStateAside(): Promise<string | null>
  dropSegments(upTo: number): Promise<void>
  /** Removes temporary files of processes that were killed before they could. */
  sweep(): Promise<void>
}

/** Everything that there is. */
export interface Loaded {
  state: RootState
  /** Which saved state it was; null: there was none. */
  saved: Identity | null
  /** Behind the saved state. */
  lines: JournalLine[]
  tail: JournalTail
  damage: string | null
}

/** How far the journal was read. */
export interface JournalTail {
  generation: number
  ino: number | null
  end: number
}

/** Local copy of the stream, for readers while no shared store answers. */
export interface History {
  add(changes: readonly Change[]): Promise<void>
  after(rev: number): Promise<Change[]>
  /** The same for who asks again and again, from a revision that it has come to: only what is new since the last time is read. */
  follow(): (rev: number) => Promise<Change[]>
}

/** What a reader had looked at when context.json showed everything. */
export interface FreshNote {
  /** Of the shared store: see `Store.validator`. */
  store: string
  saved: Identity | null
  tail: JournalTail
  /** Of context.json. */
  text: string
}

/** By whoever finds it so. A note that is missing or torn is none, and costs no more than a slower read. */
export interface Freshness {
  read(): Promise<FreshNote | null>
  write(note: FreshNote): Promise<void>
}

/** The right to be the keeper of a root. */
export interface KeeperLock {
  /**
   * null: somebody else has it, or is to have it. `for life`: a hub: who is only to do a round leaves it to a hub that tried in
   * the last second, else the hub would have to be faster than all of them.
   */
  tryAcquire(wanted?: 'for a round' | 'for life'): Promise<Held | null>
  /**
   * Who has it now; which turn it is: it changes with each holder; and when the holder last gave a sign of life, ms on the clock of
   * the files. null: nobody that is alive.
   */
  holder(): Promise<{ pid: number; turn: number; touchedAt: number } | null>
}

export interface Held {
  release(): Promise<void>
  /** False: this process did not run for so long that somebody elsewhere took it over, or somebody has removed it. Costs a look at a file. */
  isOurs(): Promise<boolean>
}
