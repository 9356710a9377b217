/** macOS: a LaunchAgent of this user (launchctl(1), in its modern verbs). */
import { join } from 'node:path'
import { MemoryError } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { type Finished, runChild } from '../platform/children.js'
import { plistOf } from './launchd-plist.js'
import { readPrint } from './launchd-print.js'
import type { Definition, ServiceManager, ServiceSpec, ServiceState } from './service.js'

export interface LaunchdOptions {
  env: NodeJS.ProcessEnv
  home: string
  uid: number
  clock: Pick<Clock, 'pause'>
  /** For a service to end, or for a bootstrap that is refused meanwhile, ms. */
  patienceMs?: number
}

const PATIENCE_MS = 30_000
const CALL_MS = 30_000
const POLL_MS = 250

/** Names of the exit codes that launchctl gives. */
const NO_SUCH_PROCESS = 3
const IO_ERROR = 5 // already loaded, still draining, a missing file, or no GUI session
const IN_PROGRESS = [36, 37]
const NO_SUCH_SERVICE = 113
const WRONG_DOMAIN = [125, 134] // SSH, headless; a session of another kind

export class Launchd implements ServiceManager {
  readonly kind = 'launchd'
  readonly name = 'launchd'
  readonly notes: readonly string[]

  private constructor(
    private readonly options: LaunchdOptions,
    /** Of the user who is logged in at the screen, where there is one; else what runs without. */
    private readonly domain: 'gui' | 'user',
  ) {
    this.notes =
      domain === 'gui' ? [] : [`nobody is logged in at the screen: the agent is loaded into user/${options.uid}`]
  }

  static async open(options: LaunchdOptions): Promise<Launchd> {
    const { code } = await launchctl(options, 'print', `gui/${options.uid}`)
    return new Launchd(options, code === 0 ? 'gui' : 'user')
  }

  definition(spec: ServiceSpec): Definition {
    const text = plistOf(spec, this.domain === 'gui' ? 'Aqua' : 'Background')
    return { files: [{ path: this.plist(spec.label), text, mode: 0o644 }], links: [] }
  }

  async state(label: string): Promise<ServiceState> {
    for (const domain of this.domains()) {
      const printed = await this.run('print', `${domain}/${label}`)
      if (printed.code === 0) return readPrint(printed.stdout)
    }
    return { is: 'absent' }
  }

  async start(label: string): Promise<void> {
    await this.stop(label)
    const refused: string[] = []
    for (const domain of this.domains()) {
      await this.run('enable', `${domain}/${label}`) // a disabled one would not start; one that is not known is no harm
      const done = await this.bootstrap(domain, label)
      if (done.code === 0) {
        await this.run('kickstart', `${domain}/${label}`)
        return
      }
      refused.push(`${domain}: ${describeFailure(done)}`)
      if (!WRONG_DOMAIN.includes(done.code)) break
    }
    throw new MemoryError('failed', `launchd does not load ${this.plist(label)}: ${refused.join('; ')}`, {
      suggestions: ['log in at the screen and run it again, or look into the log: log show --last 5m --predicate \'process == "launchd"\''],
    })
  }

  async stop(label: string): Promise<void> {
    for (const domain of this.domains()) {
      const service = `${domain}/${label}`
      const done = await this.run('bootout', service)
      if (done.code === NO_SUCH_PROCESS || done.code === NO_SUCH_SERVICE || WRONG_DOMAIN.includes(done.code)) continue
      const gone = await this.until(async () => (await this.run('print', service)).code !== 0)
      if (gone) continue
      throw new MemoryError('failed', `launchd does not let go of ${service}: ${describeFailure(done)}`, {
        suggestions: [`launchctl print ${service} shows what it waits for`],
      })
    }
  }

  forget(): Promise<void> {
    return Promise.resolve()
  }

  /** One that is still draining answers 5 or 37 for a while; so does what never will work, hence the limit. */
  private async bootstrap(domain: string, label: string): Promise<Finished> {
    let done: Finished = { code: IO_ERROR, stdout: '', stderr: '' }
    await this.until(async () => {
      done = await this.run('bootstrap', domain, this.plist(label))
      return done.code !== IO_ERROR && !IN_PROGRESS.includes(done.code)
    })
    return done
  }

  private async until(condition: () => Promise<boolean>): Promise<boolean> {
    const { clock, patienceMs = PATIENCE_MS } = this.options
    const deadline = performance.now() + patienceMs
    while (!(await condition())) {
      if (performance.now() >= deadline) return false
      await clock.pause(POLL_MS)
    }
    return true
  }

  private plist(label: string): string {
    return join(this.options.home, 'Library', 'LaunchAgents', `${label}.plist`)
  }

  private domains(): string[] {
    const { uid } = this.options
    return this.domain === 'gui' ? [`gui/${uid}`, `user/${uid}`] : [`user/${uid}`]
  }

  private run(...args: string[]): Promise<Finished> {
    return launchctl(this.options, ...args)
  }
}

const launchctl = ({ env }: LaunchdOptions, ...args: string[]): Promise<Finished> =>
  runChild('launchctl', args, env, { timeoutMs: CALL_MS })

const MEANINGS: Readonly<Record<number, string>> = {
  3: 'no such process',
  5: 'input/output error: a missing file, an unusable definition, or no session at the screen',
  37: 'operation already in progress',
  113: 'could not find the service',
  125: 'the domain does not support it: there is no session at the screen',
  134: 'the service cannot be loaded in this kind of session',
}

function describeFailure({ code, stderr }: Finished): string {
  const said = stderr.trim().split('\n')[0] ?? ''
  return [`code ${code}`, MEANINGS[code], said].filter((part) => part !== undefined && part !== '').join(', ')
}
