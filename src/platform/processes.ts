/** Which process this is, in a way that survives the reuse of process ids. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, uptime } from 'node:os'

export interface ProcessIdentity {
  pid: number
  /** When it was started, in the words of the system; empty where that cannot be told. */
  start: string
  /** Of the boot of the machine; empty where that cannot be told. */
  boot: string
}

/** One line: `<pid> <start> <boot>`. */
export const formatProcess = ({ pid, start, boot }: ProcessIdentity): string => `${pid} ${start || '-'} ${boot || '-'}`

/** null: the text names no process in a way that survives the reuse of process ids. */
export function parseProcess(text: string): ProcessIdentity | null {
  const [, pid, start = '-', boot = '-'] = /^(\d+) (\S+) (\S+)$/.exec(text) ?? []
  return pid === undefined || start === '-' || boot === '-' ? null : { pid: Number(pid), start, boot }
}

/**
 * The same of a holder of something that other machines see as well. Containers of one machine have one boot id, and pids of
 * their own: the namespace is told with it.
 */
export const formatHolder = (identity: ProcessIdentity): string => formatProcess({ ...identity, boot: placeOf(identity.boot) })

/** Of a holder, where it is a process that can be seen from here: on this boot of this machine, and in this namespace of pids. */
export function pidSeenHere(text: string): number | null {
  const identity = parseProcess(text)
  return identity !== null && identity.boot === placeOf(bootId()) ? identity.pid : null
}

/** True only when that holder was a process that could be seen from here, and is certainly gone. */
export function isHolderGone(text: string): boolean {
  const identity = parseProcess(text)
  return identity !== null && identity.boot === placeOf(bootId()) && !systemProcesses.isAlive(identity)
}

/** Whoever has taken a file: others may look at it from another machine, or from another namespace of pids on this one. */
export interface Owner extends ProcessIdentity {
  /** The name of the machine or container; undefined in what older versions wrote. `boot` names the namespace of pids, too. */
  host?: string | undefined
}

/** `elsewhere`: nobody here can tell whether it lives; of a process of this machine neither, where nothing but its pid is known (macOS). */
export type Sight = 'alive' | 'gone' | 'elsewhere'

export interface Processes {
  self(): ProcessIdentity
  /** This process, for whoever may look. */
  owner(): Owner
  /** `touchedAt`: when the owner last gave a sign of life, ms since 1970 on his clock. */
  sight(owner: Owner, touchedAt: number): Sight
  /** False only when that process is certainly gone. `boot` is that of the machine, or with the namespace of pids as `find` tells it. */
  isAlive(identity: ProcessIdentity): boolean
}

/** Also of processes that are not ours. */
export interface ProcessTable extends Processes {
  /** For others to look at, also from another namespace of pids: `boot` names that, too. Undefined: no such process runs. */
  find(pid: number): ProcessIdentity | undefined
}

export const systemProcesses: ProcessTable = {
  self: () => identify(process.pid),
  owner: () => ({ ...identify(process.pid), boot: placeOf(bootId()), host: hostname() }),
  sight(owner, touchedAt) {
    const { boot: of, host } = owner
    const here = placeOf(bootId())
    const isHere = host === undefined || (of === here && (of !== '' || host === hostname()))
    if (isHere && !systemProcesses.isAlive(owner)) return 'gone'
    if (isHere) return of === '' && owner.start === '' ? 'elsewhere' : 'alive' // by its pid alone it may be another process by now
    // This machine was started again: what has not been touched since is of the time before.
    const isOfFormerBoot = host === hostname() && of !== '' && of.split('/')[0] !== bootId() && touchedAt < Date.now() - uptime() * 1_000
    return isOfFormerBoot ? 'gone' : 'elsewhere'
  },
  find(pid) {
    const identity = identify(pid)
    return !exists(pid) || identity.start === 'zombie' ? undefined : { ...identity, boot: placeOf(identity.boot) }
  },
  isAlive(identity) {
    const [bootOf, namespace] = identity.boot.split('/')
    if (bootOf !== '' && bootId() !== '' && bootOf !== bootId()) return false
    if (namespace !== undefined && identity.boot !== placeOf(bootId())) return true // its pids are others than ours
    if (!exists(identity.pid)) return false
    const start = startOf(identity.pid)
    return start === undefined || identity.start === '' || start === identity.start
  },
}

/** Of a process that runs now. */
export const identify = (pid: number): ProcessIdentity => ({ pid, start: startOf(pid) ?? '', boot: bootId() })

/** To that very process; nothing happens when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!systemProcesses.isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it has ended in between
  }
}

function exists(pid: number): boolean {
  if (pid <= 0) return false // kill(2) would take it for a group: 0 for one's own
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Field 22 of /proc/<pid>/stat (proc(5)); a zombie counts as gone. Where there is no /proc, pids alone have to do. */
function startOf(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? 'zombie' : fields[19]
}

function placeOf(bootOf: string): string {
  try {
    return `${bootOf}/${readlinkSync('/proc/self/ns/pid').replace(/\D+/g, '')}`
  } catch {
    return bootOf // not Linux
  }
}

let boot: string | undefined
/** Of this machine; empty where that cannot be told. */
export const bootId = (): string => (boot ??= readOr('/proc/sys/kernel/random/boot_id')?.trim() ?? '')

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // no such process, or no /proc on this system
  }
}
