/**
 * The keeper lock: a chain of files, because Node has no flock and a lock that is taken over by unlinking it can be given to
 * two. Holder n owns `keeper.<n>`. It is made by link(2) of a complete temporary file, so that a lock is never seen
 * half written, and released by making `keeper.<n>.done`. When the newest link is done or its holder dead, the next one is
 * `keeper.<n+1>`, where EEXIST means that somebody was faster. Nobody removes a lock to take it.
 *
 * A root may be shared with other machines, and with containers that have pids of their own: of a holder there nobody here can
 * tell whether it lives. So whoever has the lock touches it, and it is taken from a holder elsewhere only when it was not touched
 * for `SILENT_MS` of the taker's monotonic clock. Since when it was not is noted in `keeper.<n>.seen.<place>`, for all processes of one place.
 */
import { join } from 'node:path'
import { type Files, type Identity, sameIdentity } from '../../platform/files.js'
import type { Owner, Processes } from '../../platform/processes.js'
import { momentNow } from '../../platform/uptime.js'
import type { Held, KeeperLock } from '../root.js'

/** Links this far behind the newest are removed by its holder: nobody looks at them any more. */
const KEPT_LINKS = 3
/** A holder gives a sign of life so often. */
const TOUCH_MS = 5_000
/** One that gave none for so long looks whether it has the lock still, before it goes on. */
const UNSURE_MS = 12_000
/** From one elsewhere that gave none for so long the lock is taken. */
export const SILENT_MS = 30_000
/** So long a hub is left the lock after it has tried to get it. */
export const WISH_MS = 1_000

interface Link {
  n: number
  text: string | null
  /** When it was last touched, ms since 1970. */
  touchedAt: number
  holder: Owner | null
  done: boolean
}

/** Of a hub that tried to get the lock. `ms` is on the monotonic clock of its boot. */
interface Wish extends Owner {
  ms: number
}

/** How long a lock was seen untouched: `ms` is on the monotonic clock of the place where it was seen first. */
interface Silence {
  touchedAt: number
  ms: number
}

export class ChainLock implements KeeperLock {
  private wishedAt = -Infinity
  /** Of the last lock that was ours: it is over for this process, also when the disk did not take the mark for the others. */
  private released: string | null = null

  constructor(
    private readonly directory: string,
    private readonly files: Files,
    private readonly processes: Processes,
    private readonly unique: () => string,
    /** Monotonic, and the same for all processes of this boot. */
    private readonly now: () => number = () => momentNow().ms,
  ) {}

  async tryAcquire(wanted: 'for a round' | 'for life' = 'for a round'): Promise<Held | null> {
    if (wanted === 'for a round') return (await this.isWished()) ? null : this.take()
    const held = await this.take()
    if (held === null) await this.wish()
    else await this.files.remove(this.wishPath).catch(() => undefined) // it is over in a second in any case, and the lock is ours
    return held
  }

  private async take(): Promise<Held | null> {
    const newest = await this.newest()
    if (newest !== null && (await this.isHeld(newest, true))) return null
    const n = (newest?.n ?? 0) + 1
    const temporary = this.at(`keeper.tmp-${this.unique()}`)
    const text = JSON.stringify({ ...this.processes.owner(), unique: this.unique() })
    try {
      await this.files.write(temporary, text)
      if ((await this.files.link(temporary, this.at(`keeper.${n}`))) !== 'linked') return null
    } finally {
      await this.files.remove(temporary).catch(() => undefined) // a hub sweeps it
    }
    return this.keepIfNext(newest, n, text)
  }

  /** Linked, and not ours yet: whatever fails here, nobody has it then. */
  private async keepIfNext(before: Link | null, n: number, text: string): Promise<Held | null> {
    try {
      if (await this.isNext(before, n)) {
        await this.removeOld(n)
        return this.hold(n, text)
      }
    } catch (error) {
      await this.release(n, text).catch(() => undefined) // the disk fails: the reason is told
      throw error
    }
    await this.release(n, text)
    return null
  }

  async holder(): Promise<{ pid: number; turn: number; touchedAt: number } | null> {
    const newest = await this.newest()
    if (newest === null || !(await this.isHeld(newest, false))) return null
    return { pid: newest.holder?.pid ?? 0, turn: newest.n, touchedAt: newest.touchedAt }
  }

  private hold(n: number, text: string): Held {
    const path = this.at(`keeper.${n}`)
    let touched = { at: this.now(), wall: Date.now() }
    let known: Identity | null = null
    let isLost = false
    // The monotonic clock stands still while the machine is suspended.
    const isUnsure = (): boolean => Math.max(this.now() - touched.at, Date.now() - touched.wall) >= UNSURE_MS
    const look = async (): Promise<void> => {
      if (isUnsure()) {
        const newest = await this.newest()
        isLost ||= newest?.n !== n || newest.text !== text
      }
      const present = await this.files.identify(path)
      if (isLost || (present !== null && sameIdentity(present, known))) return
      // Removed by hand, maybe made again by somebody else under the same number; or touched by us.
      const read = await this.files.read(path)
      isLost = read === null || (read.unreadable === undefined && read.text !== text)
      known = present
    }
    const renew = async (): Promise<void> => {
      await look()
      if (isLost) return
      await this.files.touch(path)
      touched = { at: this.now(), wall: Date.now() }
    }
    // A disk that fails is noticed by whatever else is written.
    const timer = setInterval(() => void renew().catch(() => undefined), TOUCH_MS).unref()
    return {
      release: () => {
        clearInterval(timer)
        return this.release(n, text)
      },
      isOurs: async () => {
        await (isUnsure() ? renew() : look())
        return !isLost
      },
    }
  }

  private get wishPath(): string {
    return this.at('keeper.wish')
  }

  private async wish(): Promise<void> {
    const now = this.now()
    if (now - this.wishedAt < WISH_MS / 4) return
    this.wishedAt = now
    const wish: Wish = { ...this.processes.owner(), ms: now }
    await this.files.write(this.wishPath, JSON.stringify(wish)).catch(() => undefined) // on a full disk it has to be faster than they are
  }

  /** By a process of here that tries still: one that has ended, or was stopped, keeps nobody waiting. */
  private async isWished(): Promise<boolean> {
    const wish = parseOwner((await this.files.read(this.wishPath))?.text ?? null)
    const { boot, host } = this.processes.owner()
    if (wish?.ms === undefined || wish.boot !== boot || wish.host !== host || this.processes.sight(wish, 0) === 'gone') return false
    const age = this.now() - wish.ms
    return age >= 0 && age < WISH_MS
  }

  private at(name: string): string {
    return join(this.directory, name)
  }

  private async newest(): Promise<Link | null> {
    const numbers = await this.numbers()
    if (numbers.length === 0) return null
    const n = Math.max(...numbers)
    const read = await this.files.read(this.at(`keeper.${n}`))
    const text = read?.text ?? null
    const done = (await this.files.identify(this.at(`keeper.${n}.done`))) !== null
    return { n, text, touchedAt: read?.identity.mtimeMs ?? 0, holder: parseOwner(text), done }
  }

  /** A link that vanished between two looks was swept by a newer holder: somebody has the lock. */
  private async isHeld(link: Link, notes: boolean): Promise<boolean> {
    const { done, holder, text, touchedAt } = link
    if (done || (text !== null && text === this.released)) return false
    if (holder === null) return text === null
    const sight = this.processes.sight(holder, touchedAt)
    return sight === 'elsewhere' ? (await this.silenceOf(link, notes)) < SILENT_MS : sight === 'alive'
  }

  /** ms for which nobody here has seen it touched. `notes`: for whoever looks next. */
  private async silenceOf({ n, touchedAt }: Link, notes: boolean): Promise<number> {
    const path = this.at(`keeper.${n}.seen.${this.place()}`)
    const since = parseSilence((await this.files.read(path))?.text)
    const now = this.now()
    if (since !== null && since.touchedAt === touchedAt && since.ms <= now) return now - since.ms
    if (notes) await this.files.write(path, JSON.stringify({ touchedAt, ms: now } satisfies Silence))
    return 0
  }

  /** As a part of a file's name. */
  private place(): string {
    const { boot, host = '' } = this.processes.owner()
    return (boot === '' ? host : boot).replace(/\W+/g, '-')
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
    this.released = text
    if ((await this.files.read(this.at(`keeper.${n}`)))?.text !== text) return
    await this.files.write(this.at(`keeper.${n}.done`), '')
  }

  /** The lowest first: a number is never free while the one before it still looks as it did. */
  private async removeOld(n: number): Promise<void> {
    const numberOf = (name: string): number => Number(/^keeper\.(\d+)(?:\.done|\.seen\..*)?$/.exec(name)?.[1] ?? Infinity)
    const old = (await this.files.list(this.directory)).filter((name) => numberOf(name) <= n - KEPT_LINKS)
    const ordered = old.sort((a, b) => numberOf(a) - numberOf(b) || a.length - b.length)
    for (const name of ordered) await this.files.remove(this.at(name))
  }
}

/** null: written by nobody of us (a link is complete from its first moment), or a wish that is just being written. */
function parseOwner(text: string | null): (Owner & { ms?: number }) | null {
  try {
    const owner = JSON.parse(text ?? 'null') as Partial<Wish> | null
    return typeof owner?.pid === 'number' && typeof owner.boot === 'string' ? (owner as Owner & { ms?: number }) : null
  } catch {
    return null
  }
}

/** null: nobody has noted it, or is just doing so. */
function parseSilence(text: string | undefined): Silence | null {
  try {
    return JSON.parse(text ?? 'null') as Silence | null
  } catch {
    return null
  }
}
