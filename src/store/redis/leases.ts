/** Leases in Redis. Every step that has to be atomic is one Lua script; this class only translates. */
import type { AcquireCall, ReleaseCall } from '../../domain/lease.js'
import { grantDraft, releaseDraft } from '../../domain/lease.js'
import type { Draft } from '../../domain/operation.js'
import { formatTime } from '../../domain/time.js'
import { MemoryError } from '../../errors/errors.js'
import {
  type AcquireReply,
  type Hearing,
  type KeptLease,
  type LeaseContext,
  LEGACY_LOCKS,
  type LeaseStore,
  type LeaseView,
  type ReleaseReply,
  type RenewCall,
  type RenewReply,
  type ShownHolder,
} from '../lease-contract.js'
import type { RedisConnection } from './connection.js'
import { eventBefore } from './event.js'
import type { Keys } from './keys.js'
import { subscribe } from './listen.js'
import { type LeaseScript, leaseScriptNamed } from './lease-scripts.js'

export interface RedisLeasesOptions {
  connection: RedisConnection
  keys: Keys
  /** Changes that the stream keeps, about. */
  history: number
  /** Of the times in published events. */
  offsetMinutes: () => number
}

type Reply = [is: string, ...rest: string[]]
/** As `seen` in lease.lua returns it. */
type SeenHolder = readonly string[]

const NO_CONTEXT: LeaseContext = { epoch: '', floor: 0, root: '', t: 0, longestMs: 0, strict: false }

export class RedisLeases implements LeaseStore {
  /** On which this process hears what was granted to it; empty: it does not listen. */
  private channel = ''

  constructor(private readonly options: RedisLeasesOptions) {}

  async acquire(on: LeaseContext, call: AcquireCall): Promise<AcquireReply> {
    const { id, token, holder, reason, ttlMs, process, waits } = call
    const draft = grantDraft(call, on)
    const reply = await this.run<Reply>('acquire', call.name, on, [
      ...[id, token, JSON.stringify(holder), JSON.stringify(reason), String(ttlMs), process, waits ? encodeWaiter(holder) : ''],
      ...[JSON.stringify(draft), this.eventBefore(draft), '}', String(on.t), waits ? this.offer(on, call, draft) : ''],
    ])
    return acquireReply(reply, call.name)
  }

  async renew(on: LeaseContext, { name, token, ttlMs }: RenewCall): Promise<RenewReply> {
    const reply = await this.run<Reply>('renew', name, on, [token, String(ttlMs)])
    return notNow(reply) ?? refusalOf(reply) ?? granted(reply)
  }

  async release(on: LeaseContext, call: ReleaseCall): Promise<ReleaseReply> {
    const { id, name, token, fence } = call
    const draft = releaseDraft(call, FORMER, on)
    const reply = await this.run<Reply>('release', name, on, [
      ...[id, token ?? '', fence === undefined ? '' : String(fence)],
      ...[cutAtFormer(JSON.stringify(draft)), cutAtFormer(this.eventBefore(draft)), '}', String(on.t), this.timeText(on.t)],
    ])
    const [, newest, holder, left] = reply
    return (
      notNow(reply) ?? refusalOf(reply) ?? { is: 'released', fence: Number(newest), holder: textOf(holder), left: Number(left) }
    )
  }

  async leave(name: string, waiter: string): Promise<number | null> {
    const fence = await this.run<string>('leave', name, NO_CONTEXT, [waiter])
    return fence === '' ? null : Number(fence)
  }

  async look(name: string): Promise<LeaseView> {
    type Look = [fence: string, holder: SeenHolder, queue: string[], withheld: string[], foreign: string[]]
    const [fence, holder, queue, withheld, foreign] = await this.run<Look>('look', name, NO_CONTEXT, [])
    const waiters = queue.flatMap((id, at) => (at % 2 === 0 ? [{ id, name: decodeWaiter(queue[at + 1]!) }] : []))
    return {
      name,
      fence: Number(fence),
      holder: holderOf(holder),
      queue: waiters,
      withheld: withheld.length === 0 ? null : { leftMs: Number(withheld[0]), roots: namesIn(withheld[1]) },
      foreign: foreign.length === 0 ? null : { key: LEGACY_LOCKS[name]!, text: foreign[0]!, leftMs: msOf(foreign[1]) },
    }
  }

  async names(): Promise<string[]> {
    const fields = (await this.options.connection.call((client) => client.call('HKEYS', this.options.keys.sync))) as string[]
    return fields.flatMap((field) => (field.startsWith(FIELD) ? field.slice(FIELD.length) : []))
  }

  async report(on: LeaseContext, kept: readonly KeptLease[], roots: readonly string[]): Promise<boolean> {
    for (const { name, fence, holder } of kept) {
      const { token, reason, ttlMs, leftMs, since, count, process } = holder
      const numbers = [ttlMs, leftMs, since, count].map(String)
      const args = [String(fence), token, JSON.stringify(holder.name), JSON.stringify(reason), ...numbers, process]
      if ((await this.run<number>('restore', name, on, args)) !== 1) return false
    }
    return (await this.run<number>('report', '', on, [...roots])) === 1
  }

  async roots(): Promise<string[]> {
    const { connection, keys } = this.options
    const text = (await connection.call((client) => client.call('HGET', keys.sync, 'lease-roots'))) as string | null
    return namesIn(text ?? '').filter((_, at) => at % 3 === 0)
  }

  async hear(heard: Hearing, lost?: () => void): Promise<() => Promise<void>> {
    const connection = await this.options.connection.another()
    const { freed } = this.options.keys
    const own = `${freed}:${crypto.randomUUID()}`
    const isOver = (): void => {
      if (this.channel === own) this.channel = ''
    }
    connection.onEnd(() => {
      isOver()
      lost?.()
    })
    try {
      await connection.call((client) =>
        subscribe(client, [freed, own], (_, payload) => {
          const [name = '', next = '', fence, ttlMs] = String(payload).split(' ')
          heard(name, next === '' ? null : next, fence === undefined ? undefined : { fence: Number(fence), ttlMs: Number(ttlMs) })
        }),
      )
    } catch (error) {
      await connection.close()
      throw error
    }
    this.channel = own
    return () => {
      isOver()
      return connection.close()
    }
  }

  /** As release.lua takes it apart. No JSON text has a line break of its own. */
  private offer(on: LeaseContext, { token, holder, reason, ttlMs, process }: AcquireCall, draft: Draft): string {
    if (this.channel === '') return ''
    const lines = [
      ...[this.channel, on.epoch, on.root, String(on.floor), on.strict ? '1' : ''],
      ...[token, JSON.stringify(holder), JSON.stringify(reason), String(ttlMs), process],
      ...cutOut(JSON.stringify(draft), '"t":', String(draft.t)),
      ...cutOut(this.eventBefore(draft), '"timestamp":', this.timeText(draft.t)),
      '}',
    ]
    return lines.map((line) => `${line}\n`).join('')
  }

  private timeText(t: number): string {
    return JSON.stringify(formatTime(t, this.options.offsetMinutes()))
  }

  private eventBefore(draft: Draft): string {
    return eventBefore(draft, this.options.offsetMinutes())
  }

  private run<T>(script: LeaseScript, name: string, on: LeaseContext, args: string[]): Promise<T> {
    const { keys, connection, history } = this.options
    const lock = keys.lease(name)
    const all = [...keys.marks, keys.rev, keys.events, lock, LEGACY_LOCKS[name] ?? lock]
    const common = [
      ...[on.epoch, connection.run, String(on.floor), on.root, String(on.longestMs), on.strict ? '1' : ''],
      ...[FIELD + name, name, keys.updates, keys.freed, String(history), `memory_sync:${keys.namespace}:`],
    ]
    return connection.evaluate<T>(leaseScriptNamed[script], [...all, ...common, ...args])
  }
}

/** Of the hash `sync`. */
const FIELD = 'lease:'

/** In place of what only the script knows: it is the last of the change's members, and cut off. */
const FORMER = {
  holder: { name: '', token: '', until: 0, ttlMs: 0, reason: '', since: 0, count: 1, root: '', process: '' },
  fence: 0,
}

/** The text up to the value of the last `"holder":`. */
function cutAtFormer(text: string): string {
  const at = text.lastIndexOf('"holder":')
  return text.slice(0, at + '"holder":'.length)
}

/** What stands before and behind the first `name` with this value: both in front of anything that others chose. */
function cutOut(text: string, name: string, value: string): [before: string, behind: string] {
  const at = text.indexOf(name + value) + name.length
  return [text.slice(0, at), text.slice(at + value.length)]
}

/** A name in the queue is one word. */
const encodeWaiter = (name: string): string => encodeURIComponent(JSON.stringify(name))
const decodeWaiter = (word: string): string => JSON.parse(decodeURIComponent(word)) as string

const namesIn = (words: string | undefined): string[] => (words ?? '').split(' ').filter((word) => word !== '')
const textOf = (json: string | undefined): string => (json === undefined || json === '' ? '' : (JSON.parse(json) as string))
/** Redis says -1 for a key that does not expire. */
const msOf = (text: string | undefined): number | null => (Number(text) < 0 ? null : Number(text))
const placeOf = (text: string | undefined): number | null => (text === undefined || text === '' ? null : Number(text))

function notNow([is]: Reply): { is: 'epoch' } | { is: 'report' } | undefined {
  if (is === 'EPOCH') return { is: 'epoch' }
  return is === 'REPORT' ? { is: 'report' } : undefined
}

function refusalOf([is, holder]: Reply): { is: 'wrong-token'; holder: string } | { is: 'not-held' } | undefined {
  if (is === 'FREE') return { is: 'not-held' }
  return is === 'WRONG' ? { is: 'wrong-token', holder: textOf(holder) } : undefined
}

const granted = ([, fence, left, again]: Reply): AcquireReply & { is: 'granted' } => ({
  is: 'granted',
  fence: Number(fence),
  leftMs: Number(left),
  again: again === '1',
})

function acquireReply(reply: Reply, name: string): AcquireReply {
  const [is, first, second, third, ...rest] = reply
  switch (is) {
    case 'GRANTED':
      return granted(reply)
    case 'TAKEN':
      return { is: 'taken', position: placeOf(first), retryMs: Number(second), holder: holderOf([third!, ...rest]) }
    case 'WITHHELD':
      return { is: 'withheld', leftMs: Number(first), roots: namesIn(second), position: placeOf(third) }
    case 'FOREIGN':
      return { is: 'foreign', key: LEGACY_LOCKS[name]!, text: first!, leftMs: msOf(second), position: placeOf(third) }
    default: {
      const no = notNow(reply)
      if (no === undefined) throw new MemoryError('internal', `the script for leases answered ${is}`)
      return no
    }
  }
}

function holderOf([held, name, reason, left, fence, ttl, since, count, root = '', process = '']: SeenHolder): ShownHolder | null {
  if (held !== '1') return null
  return {
    ...{ name: textOf(name), reason: textOf(reason), leftMs: Number(left), fence: Number(fence), ttlMs: Number(ttl) },
    ...{ since: Number(since), count: Number(count), root, process },
  }
}
