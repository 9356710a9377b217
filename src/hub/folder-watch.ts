/** Tells when something happens in a folder. Only a hint: who uses it also looks by itself now and then. */
import { type FSWatcher, mkdirSync, statSync, watch } from 'node:fs'

export class FolderWatch {
  private watcher: FSWatcher | null = null
  private ino = -1

  constructor(
    private readonly folder: string,
    private readonly changed: () => void,
  ) {}

  /** Makes the folder if it is missing, and watches it if it is not watched yet, or another one since. Throws what the system says. */
  ensure(): void {
    mkdirSync(this.folder, { recursive: true })
    const { ino } = statSync(this.folder)
    if (this.watcher !== null && ino === this.ino) return
    this.close()
    this.watcher = watch(this.folder, this.changed)
    this.watcher.on('error', () => {
      this.close() // the next `ensure` begins anew
    })
    this.ino = ino
  }

  close(): void {
    this.watcher?.close()
    this.watcher = null
  }
}
