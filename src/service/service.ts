/** The hub as a service: one interface over what keeps a program running on this machine. */

export interface ServiceSpec {
  label: string
  /** What runs memory_sync: absolute paths, that survive an upgrade of Node. */
  program: readonly [string, ...string[]]
  args: readonly string[]
  /** Everybody on this machine may read it: no secrets. */
  environment: Readonly<Record<string, string>>
  directory: string
  stdout: string
  stderr: string
}

/** How a program ended last: by itself with a code, or by a signal. */
export type LastExit = { code: number } | { signal: string }

export type ServiceState =
  /** The manager does not know it. */
  | { is: 'absent' }
  /** `starts`: with this one, since it was loaded; a supervisor counts anew when one has lived. */
  | { is: 'running'; pid: number; starts: number; lastExit: LastExit | null }
  /** Known, without a process, and to be started in a moment or at an occasion. */
  | { is: 'waiting'; lastExit: LastExit | null; reason?: string }
  /** Known, and it does not run until somebody starts it. */
  | { is: 'stopped'; lastExit: LastExit | null; reason?: string }
  /** It ends by itself each time it is started. */
  | { is: 'crash-loop'; starts: number; lastExit: LastExit | null; reason?: string }

export interface Definition {
  files: readonly { path: string; text: string; mode: number }[]
  links: readonly { path: string; target: string }[]
}

export interface ServiceManager {
  readonly kind: 'launchd' | 'systemd' | 'supervisor'
  /** For people. */
  readonly name: string
  /** What has to be on the disk before `start`. */
  definition(spec: ServiceSpec): Definition
  /** Never throws because of what the service does. */
  state(label: string): Promise<ServiceState>
  /** What the definition says runs now, in place of what ran before. Throws MemoryError `failed`. */
  start(label: string): Promise<void>
  /** It has ended, and is not started again in this session. An absent one is none of our business. */
  stop(label: string): Promise<void>
  /** To be called when the definition is gone. */
  forget(label: string): Promise<void>
  /** What the owner should know about how it is kept running. */
  readonly notes: readonly string[]
}

/** So many starts that have ended, one after the other, are a crash loop. */
export const LOOP_STARTS = 3

export const DEFAULT_LABEL = 'com.02luka.memory.hub'

/** Of other programs of the same owner. */
const LABELS_OF_OTHERS: ReadonlySet<string> = new Set([
  'com.02luka.memory.bridge',
  'com.02luka.memory.metrics',
  'com.02luka.memory.digest.daily',
  'com.02luka.memory.metrics.collector',
  'com.02luka.memory-sync',
])

/** null: the label can be used; else why not. It becomes the name of a file. */
export function whyNotLabel(label: string): string | null {
  if (LABELS_OF_OTHERS.has(label)) return 'it belongs to another service'
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(label)) return null
  return 'a label has 1 to 100 ASCII letters, digits, dots, underscores and hyphens, and begins with a letter or digit'
}

export function describeExit(exit: LastExit | null): string {
  if (exit === null) return 'it never ended'
  if ('signal' in exit) return `signal ${exit.signal}`
  const meaning = EXIT_MEANINGS[exit.code]
  return `exit ${exit.code}${meaning === undefined ? '' : ` (${meaning})`}`
}

/** What a manager ends with when it cannot even start the program (launchd.plist(5), systemd.exec(5)). */
const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  78: 'a log path cannot be opened, or a path in the definition does not exist',
  126: 'the program cannot be run',
  127: 'the program was not found',
  200: 'the working directory cannot be entered',
  203: 'the program cannot be run',
  209: 'stdout cannot be opened',
}
