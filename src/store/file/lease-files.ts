/**
 * The leases of a root, a file each: with files only they are the leases; beside Redis, what was granted through this root,
 * to be brought back when Redis loses its data. A file is named for its fence: a slow process never replaces a newer
 * grant, and the fence is known of a file that cannot be read, too. With files only it gets its name when all of it is on the disk,
 * and both are there before anybody is told of the grant: a fence is given once, also when the power is lost.
 */
import { join } from 'node:path'
import type { Lease } from '../../domain/lease.js'
import { appendToPresent, type Files } from '../../platform/files.js'
import type { Moment } from '../../platform/uptime.js'
import type { KeptLease, KeptLeases } from '../lease-contract.js'
import { formatLease, parseLease, unknownLease } from './lease-format.js'

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

  /** One that cannot be read is held by nobody knows whom, for as long as that may be. */
  async read(name: string): Promise<Lease | null> {
    const newest = await this.newest(name)
    return newest === undefined ? null : (await this.look(newest)).lease
  }

  async names(): Promise<string[]> {
    return [...new Set((await this.places()).filter(({ fence }) => fence > 0).map(({ name }) => name))]
  }

  /** For health: names of leases that cannot be read. */
  async unreadable(): Promise<string[]> {
    const looks = (await this.names()).map(async (name) => {
      const newest = await this.newest(name)
      return newest === undefined || (await this.look(newest)).isReadable ? [] : [name]
    })
    return (await Promise.all(looks)).flat()
  }

  /** On the disk when it returns. */
  async write(lease: Lease): Promise<void> {
    await this.put(lease, { durable: true })
  }

  private async put(lease: Lease, { durable }: { durable: boolean }): Promise<void> {
    await this.files.makeDirectory(this.directory, 0o700)
    const temporary = join(this.directory, `tmp-${this.unique()}`)
    try {
      await this.files.write(temporary, formatLease(lease, this.moment()), { durable })
      await this.files.rename(temporary, this.pathOf(lease.name, lease.fence))
    } catch (error) {
      await this.files.remove(temporary).catch(() => undefined) // a hub sweeps it
      throw error
    }
    if (durable) await this.files.syncDirectory(this.directory)
    await this.dropBelow(lease.name, lease.fence).catch(() => undefined) // it is the newest that counts
  }

  /** Redis has it: a power loss here takes the process that holds it, too. */
  async keep({ name, fence, holder: { leftMs, ...holder } }: KeptLease): Promise<void> {
    await this.put({ name, fence, holder: { ...holder, until: this.now() + leftMs }, queue: [], calls: [] }, { durable: false })
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

  async roots(): Promise<string[]> {
    const text = (await this.files.read(join(this.directory, ROOTS)))?.text ?? ''
    return text.split('\n').filter((id) => id !== '')
  }

  async addRoots(ids: readonly string[]): Promise<void> {
    const known = new Set(await this.roots())
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

  private async newest(name: string): Promise<Place | undefined> {
    return newestOf((await this.places()).filter((place) => place.name === name))
  }

  private async places(): Promise<Place[]> {
    const names = await this.files.list(this.directory)
    return names.flatMap((file) => {
      const [, encoded = '', digits = ''] = /^([a-z0-9_%-]+)\.(\d{1,15})$/.exec(file) ?? []
      const [name, fence] = [decodeName(encoded), Number(digits)]
      const path = this.pathOf(name, fence)
      return path === join(this.directory, file) ? [{ name, fence, path }] : [] // else it is nothing of ours
    })
  }

  private pathOf(name: string, fence: number): string {
    return join(this.directory, `${encodeName(name)}.${fence}`)
  }

  private async look(place: Place): Promise<{ lease: Lease | null; isReadable: boolean }> {
    const read = await this.files.read(place.path)
    if (read === null) return { lease: null, isReadable: true } // replaced just now by a newer one
    const now = this.moment()
    const lease = parseLease(read.text, place, now)
    return { lease: lease ?? unknownLease(place, read.identity.mtimeMs, now), isReadable: lease !== null }
  }
}

/** Ids of roots through which leases are granted, this one among them, a line each. */
const ROOTS = 'roots'

const newestOf = (places: readonly Place[]): Place | undefined =>
  places.reduce<Place | undefined>((newest, place) => (newest === undefined || place.fence > newest.fence ? place : newest), undefined)

/** Some file systems take `A` and `a` for the same, and a dot begins the fence. */
const encodeName = (name: string): string =>
  name.replace(/[^a-z0-9_-]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)
const decodeName = (text: string): string => text.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
