/** What each call of the protocol does to the memory that is served. */
import type { CallName, EndReason, HubInfo } from '../client/protocol.js'
import { acquireToWire, eventFromWire, noticeToWire, outcomeToWire, snapshotToWire, tasksToWire } from '../client/wire.js'
import type { ServedMemory } from '../core/engine-types.js'
import type { Leasing } from '../core/leasing.js'
import type { Status } from '../core/memory.js'
import { historyArgs, leaseArgs, type LeaseArgs, parseArgs, publishArgs, readArgs, submitArgs, watchArgs, writeArgs } from './requests.js'

/** The way back to the caller of a stream. */
export interface Outlet {
  /** Aborts when nobody listens any more; its reason is why the stream ends. */
  readonly signal: AbortSignal
  /** False: the reader has left too much lying about, and nothing was sent. */
  offer(notice: unknown): boolean
  /** Waits until the reader has room. */
  push(notice: unknown): Promise<void>
}

export type Answer = { ok: unknown } | { end: EndReason }
export type Call = (args: unknown, outlet: Outlet) => Promise<Answer>

export function callsOf(memory: ServedMemory, hub: HubInfo): Readonly<Record<CallName, Call>> {
  return {
    async submit(args) {
      const { request, ids } = parseArgs(submitArgs, args)
      return { ok: outcomeToWire(await memory.submit(request, ids)) }
    },
    async write(args) {
      return { ok: outcomeToWire(await memory.write(parseArgs(writeArgs, args).request)) }
    },
    async read(args) {
      if (parseArgs(readArgs, args).as === 'text') return { ok: await memory.readText() }
      const snapshot = await memory.read()
      return { ok: snapshot === null ? null : { ...snapshotToWire(snapshot), source: 'hub' } }
    },
    async readTasks() {
      return { ok: tasksToWire(await memory.readTasks()) }
    },
    watch: (args, outlet) => watch(memory, parseArgs(watchArgs, args), outlet),
    async history(args, outlet) {
      const changes = await memory.history(parseArgs(historyArgs, args).since)
      // One frame each: all together may be longer than a frame may be.
      for (const change of changes) await outlet.push(change)
      return { ok: changes.length }
    },
    async status() {
      return { ok: { ...(await memory.status()), hub: runningHub(hub) } satisfies Status }
    },
    async sync() {
      return { ok: await memory.sync() }
    },
    lease: (args, outlet) => lease(memory.leases, parseArgs(leaseArgs, args), outlet),
    async publish(args) {
      return { ok: await memory.publish(eventFromWire(parseArgs(publishArgs, args).event)) }
    },
  }
}

async function lease(leases: Leasing, args: LeaseArgs, { signal }: Outlet): Promise<Answer> {
  switch (args.do) {
    case 'acquire': {
      const { request } = args
      const outcome = await leases.acquire(request, signal)
      if (!signal.aborted || (outcome.is === 'granted' && signal.reason === 'stopping')) return { ok: acquireToWire(outcome, performance.now()) }
      // Nobody takes it: whoever has asked is gone. And who waits when the hub ends goes on elsewhere: 'taken' is no answer.
      if (outcome.is === 'granted') await leases.release({ ...request, id: `${request.id}.gone`, reason: 'nobody took it', by: request.holder })
      return { end: signal.reason as EndReason }
    }
    case 'renew':
      return { ok: await leases.renew(args.request) }
    case 'release':
      return { ok: await leases.release(args.request) }
    case 'untilFree': {
      const view = await leases.untilFree(args.request, signal)
      return signal.aborted ? { end: signal.reason as EndReason } : { ok: view }
    }
    case 'look':
      return { ok: await leases.look(args.name) }
    case 'list':
      return { ok: await leases.list() }
  }
}

async function watch(memory: ServedMemory, request: { since?: string }, outlet: Outlet): Promise<Answer> {
  try {
    for await (const notice of memory.watch({ ...request, signal: outlet.signal })) {
      if (outlet.signal.aborted) break
      if (!outlet.offer(noticeToWire(notice))) return { end: 'slow' }
    }
  } catch (error) {
    if (!outlet.signal.aborted) throw error // else it is how an iterator over events ends: by throwing the abort
  }
  return { end: outlet.signal.aborted ? (outlet.signal.reason as EndReason) : 'done' }
}

const runningHub = ({ pid, version, startedAt }: HubInfo): Status['hub'] => ({ running: true, pid, version, startedAt })
