/** What the product can do with leases: in this process (core/leases), or over the control socket of a running hub (client). */
import { MemoryError } from '../errors/errors.js'
import type { AcquireReply, Granted, LeaseView, NotNow, ReleaseReply, RenewReply } from '../store/lease-contract.js'

export interface AcquireRequest {
  /** Of this call, 32 hex digits: one that is repeated carries the same. */
  id: string
  name: string
  /** Whoever shows it is the holder. Only its digest is stored. */
  token: string
  holder: string
  reason: string
  /** Default: as usual, or as long as it may last where that is shorter. */
  ttlMs?: number | undefined
  /** 0: who does not get it at once does not stand in the queue either. */
  waitMs: number
  /** As `formatHolder` writes it, where a process is the holder itself: the lease is free when it is gone. */
  process?: string
}

export interface RenewRequest {
  name: string
  token: string
  /** As of an AcquireRequest. */
  ttlMs?: number | undefined
}

export interface ReleaseRequest {
  id: string
  name: string
  /** null: by force, whoever has it. */
  token: string | null
  /** Only while this is the newest fence. */
  fence?: number
  reason: string
  by: string
}

export interface WaitRequest {
  /** Of this call. */
  id: string
  name: string
  waitMs: number
}

export type AcquireOutcome = Exclude<AcquireReply, NotNow | Granted> | GrantedAt
/** `leftMs` counts from `asOf` at the earliest (on performance.now() of this process), however late the answer was read. */
export interface GrantedAt extends Granted {
  asOf: number
  /** As it was asked for, or by default. */
  ttlMs: number
}
export type RenewOutcome = Exclude<RenewReply, NotNow>
export type ReleaseOutcome = Exclude<ReleaseReply, NotNow>

/**
 * Each throws MemoryError `unavailable` where nobody can decide: Redis is configured and away, or another keeper does not answer (`isKeeperBusy`);
 * nothing is granted on the side.
 */
export interface Leasing {
  /** Waits up to `waitMs`, first come, first served; an abort leaves the queue. */
  acquire(request: AcquireRequest, signal?: AbortSignal): Promise<AcquireOutcome>
  renew(request: RenewRequest): Promise<RenewOutcome>
  release(request: ReleaseRequest): Promise<ReleaseOutcome>
  /** Resolves when it is free (`isFree`), the time is over, or an abort came: with what was seen last. Takes nothing. */
  untilFree(request: WaitRequest, signal?: AbortSignal): Promise<LeaseView>
  look(name: string): Promise<LeaseView>
  /** Names of the leases that were ever granted. */
  list(): Promise<string[]>
}

/** With files only another keeper is at work: a hub, which may be asked itself, or a command. Who waits may ask again with the same request. */
export const isKeeperBusy = (error: unknown): boolean => error instanceof MemoryError && error.details['keeper'] === 'busy'

/** The same, by whoever can be reached at the moment. */
export const leasingBy = (reach: <T>(use: (leases: Leasing) => Promise<T>) => Promise<T>): Leasing => ({
  acquire: (request, signal) => reach((leases) => leases.acquire(request, signal)),
  renew: (request) => reach((leases) => leases.renew(request)),
  release: (request) => reach((leases) => leases.release(request)),
  untilFree: (request, signal) => reach((leases) => leases.untilFree(request, signal)),
  look: (name) => reach((leases) => leases.look(name)),
  list: () => reach((leases) => leases.list()),
})
