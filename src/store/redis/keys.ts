/** Names of our keys in Redis. docs/format.md describes what they hold. */
import { agentOf, agentTarget, type Target } from '../../domain/operation.js'

export interface RecordKeys {
  record: string
  types: string
  stamps: string
}

export class Keys {
  readonly sync: string
  readonly seen: string
  /** Idempotency keys, and when they were used. */
  readonly keys: string
  readonly keyTimes: string
  readonly rev: string
  readonly events: string
  /** Legacy programs publish here too. */
  readonly updates: string
  readonly agentPrefix: string

  /** A namespace such as `{memory}` puts all keys into one slot of a cluster. */
  constructor(readonly namespace: string) {
    this.sync = `${namespace}:sync`
    this.seen = `${namespace}:seen`
    this.keys = `${namespace}:keys`
    this.keyTimes = `${namespace}:key-times`
    this.rev = `${namespace}:rev`
    this.events = `${namespace}:events`
    this.updates = `${namespace}:updates`
    this.agentPrefix = `${namespace}:agents:`
  }

  /** What an epoch cannot do without, in the order in which every script takes it. */
  get marks(): string[] {
    return [this.sync, this.seen, this.keys, this.keyTimes]
  }

  of(target: Target): RecordKeys {
    const { namespace } = this
    const agent = agentOf(target)
    return agent === undefined
      ? { record: `${namespace}:context`, types: `${namespace}:context-types`, stamps: `${namespace}:context-stamps` }
      : {
          record: this.agentPrefix + agent,
          types: `${namespace}:types:${agent}`,
          stamps: `${namespace}:stamps:${agent}`,
        }
  }

  lease(name: string): string {
    return `${this.namespace}:lease:${name}`
  }

  /** The record whose hash this is; undefined for any other key. */
  targetOf(key: string): Target | undefined {
    const name = key.startsWith(this.agentPrefix) ? key.slice(this.agentPrefix.length) : ''
    return name === '' ? undefined : agentTarget(name)
  }
}
