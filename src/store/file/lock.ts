/**
 * The keeper lock: a chain of files, because Node has no flock and a lock that is taken over by unlinking it can be given to
 * two. Holder n owns `keeper.<n>`. It is made by link(2) of a complete temporary file, so that a lock is never seen
 * half written, and released by making `keeper.<n>.done`. When the newest link is done or its holder dead, the next one is
 * `keeper.<n+1>`, where EEXIST means that somebody was faster. Nobody removes a lock to take it.
 */
import { join } from 'node:path'
import type { Files } from '../../platform/files.js'
import type { ProcessIdentity, Processes } from '../../platform/processes.js'
import type { Held, KeeperLock } from '../root.js'

/** Links this far behind the newest are removed by its holder: nobody looks at them any more. */
const KEPT_LINKS = 3

interface Link {
  n: number
  text: string | null
  holder: ProcessIdentity | null
  done: boolean
}

export class ChainLock implements KeeperLock {
  constructor(
    private readonly directory: string,
    private readonly files: Files,
    private readonly processes: Processes,
    private readonly unique: () => string,
  ) {}

  async tryAcquire(): Promise<Held | null> {
    const newest = await this.newest()
    if (newest !== null && this.isHeld(newest)) return null
    const n = (newest?.n ?? 0) + 1
    const temporary = this.at(`keeper.tmp-${this.unique()}`)
    const text = JSON.stringify({ ...this.processes.self(), unique: this.unique() })
    await this.files.write(temporary, text)
    try {
      if ((await this.files.link(temporary, this.at(`keeper.${n}`))) !== 'linked') return null
      if (!(await this.isNext(newest, n))) {
        await this.release(n, text)
        return null
      }
    } finally {
      await this.files.remove(temporary)
    }
    await this.removeOld(n)
    return { release: () => this.release(n, text) }
  }

  async holder(): Promise<{ pid: number; turn: number } | null> {
    const newest = await this.newest()
    return newest !== null && this.isHeld(newest) ? { pid: newest.holder?.pid ?? 0, turn: newest.n } : null
  }

  private at(name: string): string {
    return join(this.directory, name)
  }

  private async newest(): Promise<Link | null> {
    const numbers = await this.numbers()
    if (numbers.length === 0) return null
    const n = Math.max(...numbers)
    const text = (await this.files.read(this.at(`keeper.${n}`)))?.text ?? null
    const done = (await this.files.identify(this.at(`keeper.${n}.done`))) !== null
    return { n, text, holder: parseHolder(text), done }
  }

  /** A link that vanished between two looks was swept by a newer holder: somebody has the lock. */
  private isHeld(link: Link): boolean {
    if (link.done) return false
    return link.holder === null ? link.text === null : this.processes.isAlive(link.holder)
  }

  /** What was taken for done or dead still is what was read, and nobody is further: the chain was not swept meanwhile. */
  private async isNext(before: Link | null, n: number): Promise<boolean> {
    if (before !== null && ((await this.files.read(this.at(`keeper.${before.n}`)))?.text ?? null) !== before.text) return false
    return Math.max(...(await this.numbers())) === n
  }

  private async numbers(): Promise<number[]> {
    const names = await this.files.list(this.directory)
    // A `.done` alone is of a lock whose file somebody removed: its number is not given again, or it would be released from the start.
    return names.flatMap((name) => /^keeper\.(\d+)(?:\.done)?$/.exec(name)?.[1] ?? []).map(Number)
  }

  /** A lock whose file is gone, or another's, was taken away by hand: a mark would end the lock of whoever has it now. */
  private async release(n: number, text: string): Promise<void> {
    if ((await this.files.read(this.at(`keeper.${n}`)))?.text !== text) return
    await this.files.write(this.at(`keeper.${n}.done`), '')
  }

  /** The lowest first: a number is never free while the one before it still looks as it did. */
  private async removeOld(n: number): Promise<void> {
    const numberOf = (name: string): number => Number(/^keeper\.(\d+)(?:\.done)?$/.exec(name)?.[1] ?? Infinity)
    const old = (await this.files.list(this.directory)).filter((name) => numberOf(name) <= n - KEPT_LINKS)
    const ordered = old.sort((a, b) => numberOf(a) - numberOf(b) || a.length - b.length)
    for (const name of ordered) await this.files.remove(this.at(name))
  }
}

function parseHolder(text: string | null): ProcessIdentity | null {
  if (text === null) return null
  try {
    const { pid, start, boot } = JSON.parse(text) as ProcessIdentity
    return { pid, start, boot }
  } catch {
    return null // written by nobody of us: a link is complete from its first moment
  }
}
