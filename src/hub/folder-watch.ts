/** Tells when something happens in a folder. Only a hint: who uses it also looks by itself now and then. */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../errors/errors.js'
import { makeFolder } from '../platform/make-folder.js'
import type { Log } from './log.js'

/** Without hints, a folder is looked at this often, ms. */
export const UNWATCHED_MS = 1_000

export class FolderWatch {
  private watcher: FSWatcher | null = null
  private ino = -1
  private hasFailed = false

  constructor(
    private readonly folder: string,
    private readonly changed: () => void,
    /** Hears, once, that the system gives no hints (no watches left, a file system without any). */
    private readonly log: Pick<Log, 'warn'>,
    /** Of the folder, where it is made. */
    private readonly mode?: number,
  ) {}

  /**
   * Makes the folder if it is missing, and watches it if it is not watched yet, or another one since. False: it gives no hints.
   * Throws what the system says where there can be no folder.
   */
  ensure(): boolean {
    makeFolder(dirname(this.folder))
    makeFolder(this.folder, this.mode)
    const { ino } = statSync(this.folder)
    if (this.watcher !== null && ino === this.ino) return true
    this.close()
    try {
      this.watcher = watch(this.folder, this.changed)
    } catch (error) {
      if (!this.hasFailed) this.log.warn(`${this.folder} cannot be watched (${messageOf(error)}): it is looked at now and then`)
      this.hasFailed = true
      return false
    }
    this.watcher.on('error', () => {
      this.close() // the next `ensure` begins anew
    })
    this.ino = ino
    this.hasFailed = false
    return true
  }

  close(): void {
    this.watcher?.close()
    this.watcher = null
  }
}
