/** Names of our keys in Redis. docs/format.md describes what they hold. */
import { agentOf, agentTarget, TASK_LIST, taskOf, taskTarget, type Target } from '../../domain/operation.js'

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
  readonly taskPrefix: string
  /** The channel on which it is told that a lease became free. */
  readonly freed: string
  /** To try what is allowed: a key of a second (health), and a channel on which nobody listens. */
  readonly probe: string

  /** A namespace such as `{memory}` puts all keys into one slot of a cluster. */
  constructor(readonly namespace: string) {
    this.sync = `${namespace}:sync`
    this.seen = `${namespace}:seen`
    this.keys = `${namespace}:keys`
    this.keyTimes = `${namespace}:key-times`
    this.rev = `${namespace}:rev`
    this.events = `${namespace}:events`
    this.updates = `${namespace}:updates`
    this.probe = `${namespace}:probe`
    this.agentPrefix = `${namespace}:agents:`
    this.taskPrefix = `${namespace}:tasks:`
    this.freed = `${namespace}:leases`
  }

  /** What an epoch cannot do without, in the order in which every script takes it. */
  get marks(): string[] {
    return [this.sync, this.seen, this.keys, this.keyTimes]
  }

  /** For SCAN: every key under a prefix of records, and of a few others (`targetOf` tells them apart). */
  get recordPattern(): string {
    return `${this.namespace.replace(/[*?[\]\\]/g, '\\$&')}:[at]*s:*`
  }

  of(target: Target): RecordKeys {
    const { namespace } = this
    const [agent, task] = [agentOf(target), taskOf(target)]
    if (agent !== undefined) {
      return { record: this.agentPrefix + agent, types: `${namespace}:types:${agent}`, stamps: `${namespace}:stamps:${agent}` }
    }
    if (task !== undefined) {
      return { record: this.taskPrefix + task, types: `${namespace}:task-types:${task}`, stamps: `${namespace}:task-stamps:${task}` }
    }
    const name = target === TASK_LIST ? 'task-list' : 'context'
    return { record: `${namespace}:${name}`, types: `${namespace}:${name}-types`, stamps: `${namespace}:${name}-stamps` }
  }

  lease(name: string): string {
    return `${this.namespace}:lease:${name}`
  }

  /** The record whose hash this is; undefined for any other key. */
  targetOf(key: string): Target | undefined {
    const behind = (prefix: string): string => (key.startsWith(prefix) ? key.slice(prefix.length) : '')
    const [agent, task] = [behind(this.agentPrefix), behind(this.taskPrefix)]
    return agent !== '' ? agentTarget(agent) : task !== '' ? taskTarget(task) : undefined
  }
}
