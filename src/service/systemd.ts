/** Linux with a systemd that runs for this user: a user unit (systemctl(1)). */
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { MemoryError } from '../errors/errors.js'
import { type Finished, findProgram, runChild } from '../platform/children.js'
import { type Definition, type LastExit, LOOP_STARTS, type ServiceManager, type ServiceSpec, type ServiceState } from './service.js'
import { unitOf } from './systemd-unit.js'

export interface SystemdOptions {
  env: NodeJS.ProcessEnv
  home: string
  uid: number
}

const CALL_MS = 60_000
/** systemctl's exit code for a unit that the manager does not know, or cannot read. */
const NOT_LOADED = 5

export class Systemd implements ServiceManager {
  readonly kind = 'systemd'
  readonly name = 'systemd (user unit)'
  private readonly units: string

  private constructor(
    private readonly env: NodeJS.ProcessEnv,
    home: string,
    readonly notes: readonly string[],
  ) {
    const config = env['XDG_CONFIG_HOME'] ?? ''
    this.units = join(isAbsolute(config) ? config : join(home, '.config'), 'systemd', 'user')
  }

  /** null: no systemd runs for this user, or it cannot be reached. */
  static async open({ env, home, uid }: SystemdOptions): Promise<Systemd | null> {
    if (findProgram('systemctl', env['PATH']) === null) return null
    const own = withRuntimeFolder(env, uid)
    const answer = await systemctl(own, 'show', '--property=Version')
    if (answer.code !== 0) return null
    return new Systemd(own, home, (await lingers(own)) ? [] : [NOTE_WITHOUT_LINGER])
  }

  definition(spec: ServiceSpec): Definition {
    const path = join(this.units, unitName(spec.label))
    return {
      files: [{ path, text: unitOf(spec), mode: 0o644 }],
      // What `systemctl enable` would make; made by us, it is undone like everything else.
      links: [{ path: join(this.units, 'default.target.wants', unitName(spec.label)), target: path }],
    }
  }

  async state(label: string): Promise<ServiceState> {
    const properties = ['LoadState', 'ActiveState', 'SubState', 'MainPID', 'ExecMainCode', 'ExecMainStatus', 'NRestarts', 'Result']
    const shown = await systemctl(this.env, 'show', unitName(label), `--property=${properties.join(',')}`)
    return shown.code === 0 ? readShow(shown.stdout) : { is: 'absent' }
  }

  async start(label: string): Promise<void> {
    await this.must('daemon-reload')
    await systemctl(this.env, 'reset-failed', unitName(label)) // one that is not known is no harm
    await this.must('restart', unitName(label))
  }

  async stop(label: string): Promise<void> {
    const { code } = await systemctl(this.env, 'stop', unitName(label))
    if (code !== 0 && code !== NOT_LOADED) await this.must('stop', unitName(label)) // once more, for its words
  }

  async forget(label: string): Promise<void> {
    await this.must('daemon-reload')
    await systemctl(this.env, 'reset-failed', unitName(label))
  }

  private async must(...args: string[]): Promise<void> {
    const { code, stderr } = await systemctl(this.env, ...args)
    if (code === 0) return
    throw new MemoryError('failed', `systemctl --user ${args.join(' ')} ended with ${code}: ${stderr.trim()}`, {
      suggestions: ['journalctl --user -e shows what systemd says'],
    })
  }
}

const NOTE_WITHOUT_LINGER =
  'systemd ends the services of a user at the last logout: "loginctl enable-linger" keeps the hub running without a login'

const unitName = (label: string): string => `${label}.service`

const systemctl = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Finished> =>
  runChild('systemctl', ['--user', '--no-pager', ...args], env, { timeoutMs: CALL_MS })

/** cron and su do not set it, and systemctl finds its manager by it. */
function withRuntimeFolder(env: NodeJS.ProcessEnv, uid: number): NodeJS.ProcessEnv {
  const usual = `/run/user/${uid}`
  const isSet = (env['XDG_RUNTIME_DIR'] ?? '') !== ''
  return isSet || !existsSync(`${usual}/systemd`) ? env : { ...env, XDG_RUNTIME_DIR: usual }
}

async function lingers(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (findProgram('loginctl', env['PATH']) === null) return false
  const shown = await runChild('loginctl', ['show-user', userInfo().username, '--property=Linger'], env, { timeoutMs: CALL_MS })
  return shown.stdout.includes('Linger=yes')
}

/** `systemctl show`: a property a line. */
export function readShow(output: string): ServiceState {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(output)?.[1] ?? ''
  if (value('LoadState') === 'not-found' && value('ActiveState') === 'inactive') return { is: 'absent' }
  const lastExit = exitOf(value('ExecMainCode'), value('ExecMainStatus'))
  const pid = Number(value('MainPID'))
  const starts = Number(value('NRestarts')) + 1
  if (value('ActiveState') === 'active' && pid > 0) return { is: 'running', pid, starts, lastExit: null }
  const reason = value('Result')
  if (value('SubState') === 'auto-restart' && starts >= LOOP_STARTS) return { is: 'crash-loop', starts, lastExit, reason }
  return { is: ['inactive', 'failed'].includes(value('ActiveState')) ? 'stopped' : 'waiting', lastExit, reason }
}

/** CLD_EXITED is 1, CLD_KILLED 2, CLD_DUMPED 3 (waitid(2)); 0: it never ended. */
function exitOf(code: string, status: string): LastExit | null {
  if (code === '1') return { code: Number(status) }
  return code === '2' || code === '3' ? { signal: status } : null
}
