/** The way to Redis, for the life of a command or a hub: one connection, made again when it broke. */
import { existsSync } from 'node:fs'
import type { ResolvedRedis } from '../config/redis.js'
import { describeEndpoint, type RedisEndpoint } from '../config/redis-url.js'
import type { Connector } from '../core/ports.js'
import { messageOf, StoreUnavailable } from '../errors/errors.js'
import { systemClock } from '../platform/clock.js'
import { later } from '../platform/later.js'
import type { RedisStore } from '../store/redis/store.js'

/** After a failure nobody tries again for so long: a silent server costs its budget once, not with each step. */
const PAUSE_MS = 400

const loadRedis = later(() => import('../store/redis/load.js'))

export class RedisConnector implements Connector {
  readonly configured: Connector['configured']
  reason: string | null = null
  /** Of the last attempt; null: it led to a connection, or there was none. */
  failure: StoreUnavailable | null = null
  private store: RedisStore | null = null
  private connecting: Promise<RedisStore | null> | null = null
  private failedAt = -Infinity
  private used: RedisEndpoint | null = null
  private isClosed = false

  constructor(
    private readonly redis: ResolvedRedis,
    readonly namespace: string,
    /** Of a process that makes one call. */
    private readonly isBrief = false,
  ) {
    this.configured = redis.state === 'probe' ? 'probed' : redis.state
    if (redis.state === 'off') this.reason = `it is switched off (${redis.from})`
  }

  get url(): string | null {
    const endpoint = this.used ?? (this.redis.state === 'named' ? this.redis.endpoint : null)
    return endpoint === null ? null : describeEndpoint(endpoint)
  }

  /** Where it is connected to, with what it logs in with; null: nowhere yet. */
  get endpoint(): RedisEndpoint | null {
    return this.used
  }

  async connect(): Promise<RedisStore | null> {
    if (this.redis.state === 'off' || this.isClosed) return null
    if (this.store?.connection.isOpen === true) return this.store
    if (systemClock.ticks() - this.failedAt < PAUSE_MS) return null
    this.connecting ??= this.attempt().finally(() => {
      this.connecting = null
    })
    return this.connecting
  }

  /** For good: who is at something still finds none, and makes no connection that nobody would end. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.connecting
    await this.store?.close()
    this.store = null
  }

  private async attempt(): Promise<RedisStore | null> {
    const { connectBriefly, connectRedis, RedisStore, validatorQuestions } = await loadRedis()
    let silentPlace: string | null = null
    let why: string | null = null
    let isThere = this.redis.state === 'named' || this.used !== null
    for (const endpoint of this.places()) {
      const place = describeEndpoint(endpoint)
      if (place === silentPlace) continue // another password does not make it answer
      try {
        const connection = await (this.isBrief ? connectBriefly({ endpoint }, validatorQuestions(this.namespace)) : connectRedis({ endpoint }))
        this.used = endpoint
        this.reason = this.failure = null
        this.store = new RedisStore(connection, {
          namespace: this.namespace,
          offsetMinutes: () => -new Date().getTimezoneOffset(),
        })
        return this.store
      } catch (error) {
        why = messageOf(error)
        this.failure = error instanceof StoreUnavailable ? error : null
        if (this.failure?.because === 'login') isThere = true
        else silentPlace = place
      }
    }
    this.reason = isThere ? why : notFound(why)
    this.failedAt = systemClock.ticks()
    return null
  }

  /** A place that was found once stays the one: another would hold other data. */
  private places(): RedisEndpoint[] {
    if (this.used !== null) return [this.used]
    if (this.redis.state === 'named') return [this.redis.endpoint]
    if (this.redis.state === 'off') return []
    return this.redis.endpoints.filter((endpoint) => !('socket' in endpoint) || existsSync(endpoint.socket))
  }
}

const notFound = (why: string | null): string => `nothing was named, and no Redis was found at the usual places${why === null ? '' : `: ${why}`}`
