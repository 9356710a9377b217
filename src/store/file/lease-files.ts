/**
 * The leases of a root, a file each: with files only they are the leases; beside Redis, what was granted through this root,
 * to be brought back when Redis loses its data. A file is named for its fence, so that a slow process never replaces a
 * newer grant, and is complete from its first moment.
 */
import { join } from 'node:path'
import type { Holder, Lease } from '../../domain/lease.js'
import { appendToPresent, type Files } from '../../platform/files.js'
import { type Moment, msUntil } from '../../platform/uptime.js'
import type { KeptLease, KeptLeases } from '../lease-contract.js'

/** As it stands in the file: times as moments. */
interface LeaseText {
  name: string
  fence: number
  holder: (Omit<Holder, 'until'> & { until: Moment }) | null
  queue: { id: string; aliveUntil: Moment; name: string }[]
  calls: string[]
}

interface Place {
  name: string
  fence: number
  path: string
}

export class LeaseFiles implements KeptLeases {
  constructor(
    readonly directory: string,
    private readonly files: Files,
    private readonly unique: () => string,
    private readonly moment: () => Moment,
  ) {}

  /** ms; the times of a lease are on this clock. */
  now(): number {
    return this.moment().ms
  }

  async read(name: string): Promise<Lease | null> {
    const newest = newestOf((await this.places()).filter((place) => place.name === name))
    return newest === undefined ? null : this.leaseIn(newest)
  }

  async names(): Promise<string[]> {
    return [...new Set((await this.places()).filter(({ fence }) => fence > 0).map(({ name }) => name))]
  }

  async write(lease: Lease): Promise<void> {
    await this.files.makeDirectory(this.directory, 0o700)
    const temporary = join(this.directory, `tmp-${this.unique()}`)
    await this.files.write(temporary, `${JSON.stringify(this.textOf(lease))}\n`)
    await this.files.rename(temporary, this.pathOf(lease.name, lease.fence))
    await this.dropBelow(lease.name, lease.fence)
  }

  async keep({ name, fence, holder: { leftMs, ...holder } }: KeptLease): Promise<void> {
    await this.write({ name, fence, holder: { ...holder, until: this.now() + leftMs }, queue: [], calls: [] })
  }

  async forget(name: string, fence: number): Promise<void> {
    await this.dropBelow(name, fence + 1)
  }

  async kept(): Promise<KeptLease[]> {
    const leases = await Promise.all((await this.names()).map((name) => this.read(name)))
    const now = this.now()
    return leases.flatMap((lease) => {
      if (lease === null || lease.holder === null || lease.holder.until <= now) return []
      const { until, ...holder } = lease.holder
      return [{ name: lease.name, fence: lease.fence, holder: { ...holder, leftMs: until - now } }]
    })
  }

  async otherRoots(): Promise<string[]> {
    const text = (await this.files.read(join(this.directory, ROOTS)))?.text ?? ''
    return text.split('\n').filter((id) => id !== '')
  }

  async addRoots(ids: readonly string[]): Promise<void> {
    const known = new Set(await this.otherRoots())
    const added = ids.filter((id) => !known.has(id))
    if (added.length === 0) return
    await this.files.makeDirectory(this.directory, 0o700)
    await appendToPresent(this.files, join(this.directory, ROOTS), `${added.join('\n')}\n`)
  }

  private async dropBelow(name: string, fence: number): Promise<void> {
    for (const place of await this.places()) {
      if (place.name === name && place.fence < fence) await this.files.remove(place.path)
    }
  }

  private async places(): Promise<Place[]> {
    const names = await this.files.list(this.directory)
    return names.flatMap((file) => {
      const [, encoded, fence] = /^([a-z0-9_%-]+)\.(\d+)$/.exec(file) ?? []
      return encoded === undefined ? [] : { name: decodeName(encoded), fence: Number(fence), path: join(this.directory, file) }
    })
  }

  private pathOf(name: string, fence: number): string {
    return join(this.directory, `${encodeName(name)}.${fence}`)
  }

  private async leaseIn({ path }: Place): Promise<Lease | null> {
    const read = await this.files.read(path)
    if (read === null) return null // replaced just now by a newer one
    const text = JSON.parse(read.text) as LeaseText
    const now = this.moment()
    const at = (moment: Moment, atMost: number): number => now.ms + Math.min(msUntil(moment, now), atMost)
    return {
      ...text,
      holder: text.holder === null ? null : { ...text.holder, until: at(text.holder.until, text.holder.ttlMs) },
      queue: text.queue.map((waiter) => ({ ...waiter, aliveUntil: at(waiter.aliveUntil, Infinity) })),
    }
  }

  private textOf(lease: Lease): LeaseText {
    const now = this.moment()
    const at = (ms: number): Moment => ({ boot: now.boot, ms, wall: now.wall + ms - now.ms })
    return {
      ...lease,
      holder: lease.holder === null ? null : { ...lease.holder, until: at(lease.holder.until) },
      queue: lease.queue.map((waiter) => ({ ...waiter, aliveUntil: at(waiter.aliveUntil) })),
    }
  }
}

/** Ids of other roots through which leases are granted, a line each. */
const ROOTS = 'roots'

const newestOf = (places: readonly Place[]): Place | undefined =>
  places.reduce<Place | undefined>((newest, place) => (newest === undefined || place.fence > newest.fence ? place : newest), undefined)

/** Some file systems take `A` and `a` for the same, and a dot begins the fence. */
const encodeName = (name: string): string =>
  name.replace(/[^a-z0-9_-]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)
const decodeName = (text: string): string => decodeURIComponent(text)
