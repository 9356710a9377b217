/** Makes it known, as long as this hub runs, that it believes to be the hub of its root. */
import { rmSync } from 'node:fs'
import { registeredHubs, registerHub, unregisterHub } from '../client/hub-registry.js'
import { messageOf } from '../errors/errors.js'
import type { Processes } from '../platform/processes.js'
import type { Component } from './components.js'
import type { Log } from './log.js'

export interface RegistrationOptions {
  root: string
  processes: Processes
  log: Log
  everyMs?: number
}

/** The folder may be removed, or another one put in its place, under a hub that runs. */
const EVERY_MS = 5_000

export class Registration implements Component {
  readonly name = 'registration'
  private timer: NodeJS.Timeout | undefined
  private told = ''

  constructor(private readonly options: RegistrationOptions) {}

  start(): Promise<void> {
    const { root, processes, everyMs = EVERY_MS } = this.options
    for (const hub of registeredHubs(root, processes)) if (!hub.isAlive) rmSync(hub.path, { force: true })
    this.look()
    this.timer = setInterval(() => {
      this.look()
    }, everyMs)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    clearInterval(this.timer)
    unregisterHub(this.options.root, process.pid)
    return Promise.resolve()
  }

  private look(): void {
    const { root, processes } = this.options
    try {
      registerHub(root, processes.owner())
      const others = registeredHubs(root, processes).filter(({ pid, isAlive }) => isAlive && pid !== process.pid)
      this.tell(others.length === 0 ? '' : `another hub serves this root too: pid ${others.map(({ pid }) => pid).join(', ')}; end one of them`)
    } catch (error) {
      this.tell(`it cannot be made known that this hub runs: ${messageOf(error)}`)
    }
  }

  /** Said when it begins, not every time. */
  private tell(text: string): void {
    if (text !== '' && text !== this.told) this.options.log.error(text)
    this.told = text
  }
}
