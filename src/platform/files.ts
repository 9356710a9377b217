/** The file operations that the root is built on: few, so that a simulation can stop a process between any two of them. */

/** Which file, in which state: what is compared right before it is replaced. */
export interface Identity {
  ino: number
  size: number
  mtimeMs: number
  /** Whose it is, and who may open it: a file where only this changed is the same one for who is to replace it. */
  uid: number
  mode: number
}

export interface FileText {
  text: string
  /** False: the bytes are no UTF-8, and `text` is not what is there. */
  valid: boolean
  identity: Identity
  /** Why nothing could be read of what stands there: a folder, a pipe, a link that cannot be followed, or a file that this user may not open. */
  unreadable?: string
}

export interface Appended {
  /** Of the file that was written to. */
  ino: number
  /** How long it is now; null: it is not the one at the path, another has taken its place, or none. */
  end: number | null
}

/** The text was written; which file stands at the path, and whether it is the one with the text, could not be looked at. */
export class WrittenUnseen extends Error {}

export interface Files {
  /** null: there is no such file. Never waits for a pipe, and never throws because of what stands there. */
  read(path: string): Promise<FileText | null>
  /** Complete lines from a byte offset on, and the offset behind the last of them. null: no such file. */
  readLines(path: string, from: number): Promise<{ lines: string[]; end: number; ino: number } | null>
  /** Without reading the rest of the file. null: no such file, or no line that is complete. */
  firstLine(path: string): Promise<string | null>
  /** Of the file that a link leads to; of the link itself where it cannot be followed. null: there is nothing. */
  identify(path: string): Promise<Identity | null>
  /** One write(2) at the end of the file, made with mode 0600 if it is missing; and a look at it right after. Throws WrittenUnseen where that fails. */
  append(path: string, text: string): Promise<Appended>
  /** Creates the file, or empties it first. `durable`: on the disk when it returns. Mode 0600 unless given. */
  write(path: string, text: string, options?: { durable?: boolean; mode?: number }): Promise<void>
  /** `exists`: there is such a name already; `missing`: there is no `from`. */
  link(from: string, to: string): Promise<'linked' | 'exists' | 'missing'>
  /** Of the name itself: a link is renamed, never what it leads to. False: there is no `from`. */
  rename(from: string, to: string): Promise<boolean>
  /** Only while `to` still is the expected file (null: none). POSIX has no such call: the look is as close as it can be. */
  renameOver(from: string, to: string, expected: Identity | null): Promise<boolean>
  remove(path: string): Promise<void>
  /** Its time becomes now; nothing where there is no such file. */
  touch(path: string): Promise<void>
  list(directory: string): Promise<string[]>
  /** With its parents; one that is there stays as it is. The mode is the last one's, by default 0755. */
  makeDirectory(path: string, mode?: number): Promise<void>
  syncDirectory(path: string): Promise<void>
  /** Of a file, or of the one that a link leads to, into a new one with mode 0600; throws for everything else. */
  copy(from: string, to: string): Promise<void>
  /** Follows symbolic links; the path itself where there is nothing, or where they cannot be followed. */
  resolve(path: string): Promise<string>
  modeOf(path: string): Promise<number | null>
}

/** Into the file that stands at the path: who finds that it is another one by now writes again. */
export async function appendToPresent(files: Pick<Files, 'append'>, path: string, text: string): Promise<{ ino: number; end: number }> {
  for (;;) {
    const { ino, end } = await files.append(path, text)
    if (end !== null) return { ino, end }
  }
}

/** Whether two looks saw the same file in the same state. */
export const sameIdentity = (a: Identity | null, b: Identity | null): boolean =>
  a === null || b === null ? a === b : a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs
