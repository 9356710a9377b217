/**
 * What client and hub say to each other, one frame each:
 *
 *     client  {n, call, args}          hub  {n, ok}                  the answer; or
 *             {n, cancel: true}             {n, error}               the call failed; or
 *                                           {n, notice} ... {n, end} a stream and why it ended, or {n, notice} ... {n, ok}
 *
 * `n` is chosen by the client and names the call. The first call is `hello`; `hello`, `ping` and `stop` never change
 * between versions of the protocol, so that client and hub of different versions can notice it, and an old hub be ended.
 */
import type { ProcessIdentity } from '../platform/processes.js'
import { type ErrorCode, foreseen, MemoryError, messageOf, StoreUnavailable } from '../errors/errors.js'

/** Raised whenever a client and a hub of before could misunderstand each other. */
export const PROTOCOL = 2

export const CALLS = ['submit', 'write', 'read', 'readTasks', 'watch', 'history', 'status', 'sync', 'publish', 'lease'] as const
export type CallName = (typeof CALLS)[number]
/** Understood by every version. */
export type LastingCall = 'hello' | 'ping' | 'stop'

/** What a client says of itself. */
export interface ClientHello {
  protocol: number
  version?: string
}

/** What a hub says of itself: the answer to `hello`. */
export interface HubInfo {
  protocol: number
  /** Of the product. */
  version: string
  /** Which build of it; undefined: it does not say. */
  build?: string | undefined
  pid: number
  /** As it is written everywhere. */
  startedAt: string
  /** The root that it serves, as `placeOf` names it: a copied or moved root must not reach another one's hub. */
  place: string
  process: ProcessIdentity
}

/** Why a stream ended: `slow`, the reader fell too far behind; `stopping`, the hub ends. Both go on from the last cursor. */
export type EndReason = 'done' | 'cancelled' | 'slow' | 'stopping'
const END_REASONS: readonly unknown[] = ['done', 'cancelled', 'slow', 'stopping'] satisfies EndReason[]

export type Request = { n: number; call: string; args: unknown } | { n: number; cancel: true }

export interface WireError {
  code: ErrorCode
  message: string
  suggestions: readonly string[]
  details: Readonly<Record<string, unknown>>
  retryable: boolean
  /** Of a StoreUnavailable. */
  sent?: boolean
}

export type Reply =
  | { n: number; ok: unknown }
  | { n: number; error: WireError }
  | { n: number; notice: unknown }
  | { n: number; end: EndReason }

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** null: the frame is no request. */
export function requestOf(frame: unknown): Request | null {
  if (!isObject(frame) || !Number.isSafeInteger(frame['n'])) return null
  const n = frame['n'] as number
  if (frame['cancel'] === true) return { n, cancel: true }
  return typeof frame['call'] === 'string' ? { n, call: frame['call'], args: frame['args'] ?? {} } : null
}

/** null: the frame is no reply. */
export function replyOf(frame: unknown): Reply | null {
  if (!isObject(frame) || !Number.isSafeInteger(frame['n'])) return null
  const n = frame['n'] as number
  if ('ok' in frame) return { n, ok: frame['ok'] }
  if ('notice' in frame) return { n, notice: frame['notice'] }
  if (END_REASONS.includes(frame['end'])) return { n, end: frame['end'] as EndReason }
  return isObject(frame['error']) ? { n, error: frame['error'] as unknown as WireError } : null
}

/** null: what answered is no hub. */
export function hubInfoOf(value: unknown): HubInfo | null {
  if (!isObject(value) || typeof value['protocol'] !== 'number' || typeof value['pid'] !== 'number') return null
  return value as unknown as HubInfo
}

/** A fault that nobody foresaw is a bug of the hub's: the client says so, the stack stays in the hub. */
export function toWireError(error: unknown): WireError {
  const fault = foreseen(error) ?? new MemoryError('internal', messageOf(error))
  const { code, message, suggestions, details, retryable } = fault
  return {
    code,
    message,
    suggestions,
    details,
    retryable,
    ...(fault instanceof StoreUnavailable && { sent: fault.sent }),
  }
}

export function fromWireError({ code, message, suggestions, details, retryable, sent }: WireError): MemoryError {
  const options = { suggestions, details, retryable }
  return sent === undefined ? new MemoryError(code, message, options) : new StoreUnavailable(message, sent, options)
}
