/** What others have put where files are expected, and is none: nobody opens it, and the log names it once for as long as it is there. */
import type { Entry } from '../platform/entries.js'
import type { Log } from './log.js'

export class Strays {
  private told = new Set<string>()

  /** `place`: the folder, as the log names it. */
  constructor(
    private readonly log: Pick<Log, 'warn'>,
    private readonly place: string,
  ) {}

  /** Those that can be taken for files. */
  filesAmong(entries: readonly Entry[]): string[] {
    const flawed = entries.flatMap(({ name, flaw }) => (flaw === null ? [] : [`${name} in ${this.place} ${flaw}`]))
    for (const text of flawed) if (!this.told.has(text)) this.log.warn(`${text}: it is not taken, and stays; only files are`)
    this.told = new Set(flawed)
    return entries.flatMap(({ name, flaw }) => (flaw === null ? [name] : []))
  }
}
