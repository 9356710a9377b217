/** A document such as context.json: read, and replaced atomically. It, or its directory, may be a symbolic link, and stays one. */
import { constants } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../platform/clock.js'
import { type Files, type FileText, type Identity } from '../../platform/files.js'
import { type DocumentFile, type Replaced, REPLACED_AFTER_MS } from '../root.js'

const MAX_ASIDE = 20
const DEFAULT_MODE = 0o644

export class ContextFile implements DocumentFile {
  /** Of the file that takes the place of one that was moved aside, and of no later one. */
  private modeOfNext: number | null = null

  constructor(
    private readonly path: string,
    private readonly directory: string,
    private readonly files: Files,
    private readonly clock: Clock,
    private readonly unique: () => string,
  ) {}

  read(): Promise<FileText | null> {
    return this.files.read(this.path)
  }

  identify(): Promise<Identity | null> {
    return this.files.identify(this.path)
  }

  /**
   * Temporary file in the same directory, write, fsync, look once more and rename, fsync the directory. What was replaced
   * stays linked, and is read again later: a program that had it open may have written to it.
   */
  async replace(text: string, expected: Identity | null): Promise<Identity | null> {
    const real = await this.files.resolve(this.path)
    const temporary = join(dirname(real), `.${basename(real)}.${this.unique()}.tmp`)
    const mode = (await this.files.modeOf(real)) ?? this.modeOfNext ?? DEFAULT_MODE
    let inPlace = false
    try {
      await this.files.write(temporary, text, { durable: true, mode })
      const written = await this.files.identify(temporary)
      if (expected !== null) await this.keepReplaced(real)
      // A process that has just been woken is not interrupted at once: between the look and the rename there is no time for others.
      await this.clock.pause(1)
      inPlace = await this.files.renameOver(temporary, real, expected)
      if (!inPlace) return null
      this.modeOfNext = null
      await this.files.syncDirectory(dirname(real))
      return written
    } finally {
      if (!inPlace) await this.files.remove(temporary)
    }
  }

  async replaced(): Promise<Replaced[]> {
    const found: Replaced[] = []
    for (const name of await this.files.list(this.directory)) {
      const at = Number(/^replaced\.(\d+)\./.exec(name)?.[1] ?? NaN)
      if (!(this.clock.now() - at >= REPLACED_AFTER_MS)) continue
      const path = join(this.directory, name)
      const identity = await this.files.identify(path)
      if (identity === null) continue
      found.push({
        identity,
        read: () => this.files.read(path),
        forget: () => this.files.remove(path),
        setAside: async (reason) => {
          const to = await this.placeAside(reason)
          return (await this.files.rename(path, to)) ? to : null
        },
      })
    }
    return found
  }

  async setAside(reason: string): Promise<string | null> {
    const to = await this.placeAside(reason)
    await this.files.copy(this.path, to)
    return to
  }

  /** Where the path is a link, the link is moved and never what it leads to: that may be a device, or anybody's. */
  async moveAside(reason: string): Promise<string | null> {
    const aside = await this.placeAside(reason)
    const was = await this.files.identify(this.path).catch(() => null)
    const to = await this.moveTo(aside)
    if (to !== null && was !== null) this.modeOfNext = modeAfter(was.mode)
    return to
  }

  private async moveTo(aside: string): Promise<string | null> {
    try {
      return (await this.files.rename(this.path, aside)) ? aside : null
    } catch {
      // On another file system than ours: it stays there, under another name.
      const beside = `${this.path}.${basename(aside)}`
      return (await this.files.rename(this.path, beside)) ? beside : null
    }
  }

  private async placeAside(reason: string): Promise<string> {
    const aside = join(this.directory, 'aside')
    await this.files.makeDirectory(aside, 0o700)
    const end = `.${basename(this.path)}`
    // What this file has put there: of anything else, nothing is removed.
    const names = (await this.files.list(aside)).filter((name) => /^\d{15}\./.test(name) && name.endsWith(end)).sort()
    for (const name of names.slice(0, Math.max(0, names.length - MAX_ASIDE + 1))) {
      await this.files.remove(join(aside, name)).catch(() => undefined) // a folder that was moved here stays
    }
    return join(aside, `${String(this.clock.now()).padStart(15, '0')}.${this.unique()}.${reason}${end}`)
  }

  private async keepReplaced(real: string): Promise<void> {
    // The link may be impossible (another file system behind a symbolic link): then there is only the look before.
    await this.files.link(real, join(this.directory, `replaced.${this.clock.now()}.${this.unique()}`)).catch(() => undefined)
  }
}

/** To others as open as what stood there, and to its owner in any case. A folder or a device (behind a link) opens it no further than a new file is. */
const modeAfter = (mode: number): number => (mode & ((mode & constants.S_IFMT) === constants.S_IFREG ? 0o666 : DEFAULT_MODE)) | 0o600
