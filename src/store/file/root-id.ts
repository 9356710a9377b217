/** The id of a root, in `root-id`: what was added is counted for each root, so all who write here have to know it by the same one. */
import { dirname } from 'node:path'
import { MemoryError } from '../../errors/errors.js'
import type { Files, Identity } from '../../platform/files.js'

/** Else a power loss has left it empty, or full of NULs. */
const ID = /^[\w.:-]+$/
/** Who makes it at the same time is through by then; a link that leads nowhere is there, and is not, each time. */
const ATTEMPTS = 10

export class RootId {
  private known: string | null = null

  constructor(
    private readonly path: string,
    private readonly files: Files,
    private readonly unique: () => string,
  ) {}

  /** On the disk before anybody uses it. */
  async read(): Promise<string> {
    for (let attempt = 0; this.known === null; attempt++) {
      if (attempt === ATTEMPTS) throw this.cannotBeRead('it is a link that leads nowhere, or is taken away each time')
      const read = await this.files.read(this.path)
      if (read?.unreadable !== undefined) throw this.cannotBeRead(read.unreadable)
      const id = read?.text.trim() ?? ''
      if (ID.test(id)) this.known = id
      else await this.make(read?.identity ?? null)
    }
    return this.known
  }

  private cannotBeRead(reason: string): MemoryError {
    return new MemoryError('unavailable', `${this.path} cannot be read: ${reason}`, { suggestions: ['mend what stands there, or its permissions'] })
  }

  /** All who do it at once make the same one: link(2) lets only one of them win, and what replaces a file without an id follows from that file. */
  private async make(without: Identity | null): Promise<void> {
    const temporary = `${this.path}.${this.unique()}`
    try {
      await this.files.write(temporary, `${without === null ? this.unique() : idAfter(without)}\n`, { durable: true })
      await (without === null ? this.files.link(temporary, this.path) : this.files.rename(temporary, this.path))
    } finally {
      await this.files.remove(temporary)
    }
    await this.files.syncDirectory(dirname(this.path))
  }
}

/** The inode, and the microsecond in which the file was made. */
const idAfter = ({ ino, mtimeMs }: Identity): string => ino.toString(16) + Math.round(mtimeMs * 1_000).toString(16)
