/**
 * One closed family of errors. Expected outcomes (a lost compare-and-set, an absent path) are values;
 * what is thrown is a fault, and says what happened, why, and what to do about it.
 */

export type ErrorCode =
  | 'usage' // the call itself is wrong: exit 2
  | 'config' // configuration cannot be used: exit 4
  | 'absent' // what was asked for does not exist: exit 1
  | 'conflict' // a compare-and-set was lost: exit 20
  | 'held' // somebody else has the lease: exit 10
  | 'timeout' // waited, and it did not come: exit 11
  | 'wrong-token' // the lease is another one's: exit 12
  | 'not-held' // nobody has the lease: exit 13
  | 'lease-lost' // it was held, and is not any more: exit 14
  | 'stale-fence' // the fence is older than the last grant: exit 14
  | 'unavailable' // no store can take the write, and nobody has it: exit 69
  | 'unknown-outcome' // sent, and never answered, or written, and not to be seen: exit 69, repeat with the same key
  | 'failed' // tried and failed: exit 1
  | 'internal' // our bug: exit 70

export interface MemoryErrorOptions {
  suggestions?: readonly string[]
  details?: Readonly<Record<string, unknown>>
  cause?: unknown
  retryable?: boolean
}

export class MemoryError extends Error {
  override readonly name: string = 'MemoryError'
  readonly suggestions: readonly string[]
  readonly details: Readonly<Record<string, unknown>>
  readonly retryable: boolean

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: MemoryErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.suggestions = options.suggestions ?? []
    this.details = options.details ?? {}
    this.retryable = options.retryable ?? false
  }
}

/**
 * The sequencer (Redis) did not answer, refused, or the connection broke. `sent` tells whether the request may have
 * been carried out: then only sending the same id again can find out.
 */
export class StoreUnavailable extends MemoryError {
  override readonly name = 'StoreUnavailable'
  /** `absent`: nobody listens. `login`: another password may do. Else the suggestions alone say what helps. */
  readonly because: 'absent' | 'login' | 'silent' | null
  constructor(
    message: string,
    readonly sent: boolean,
    { because = null, ...options }: MemoryErrorOptions & { because?: StoreUnavailable['because'] } = {},
  ) {
    super('unavailable', message, { retryable: true, ...options })
    this.because = because
  }
}

/** Nobody has taken a write. Where it had been sent before, `reason` alone is true: see core/fate. */
export class NotTaken extends MemoryError {
  override readonly name = 'NotTaken'
  constructor(
    readonly reason: string,
    options: MemoryErrorOptions = {},
  ) {
    super('unavailable', `${reason}: nothing was written`, options)
  }
}

const FREE_SPACE = 'free space on its disk'
const MEND_PERMISSIONS = 'ask as the user to whom it belongs, mend its permissions, or see that its disk can be written'
const LIMIT_OF_FILES = 'end what has too many files open, or raise the limit'
const IN_THE_WAY = 'move away what stands there, or on the way there, and is not what it should be'

/** What a disk, or whoever decides on what may be done there, may do to any program. */
const WAYS_OUT: ReadonlyMap<unknown, string> = new Map([
  ['ENOSPC', FREE_SPACE],
  ['EDQUOT', FREE_SPACE],
  ['EFBIG', 'raise the limit of how large a file may be'],
  ['EROFS', MEND_PERMISSIONS],
  ['EACCES', MEND_PERMISSIONS],
  ['EPERM', MEND_PERMISSIONS],
  ['EIO', 'look what the system says of its disk'],
  ['EMFILE', LIMIT_OF_FILES],
  ['ENFILE', LIMIT_OF_FILES],
  ['ELOOP', IN_THE_WAY],
  ['ENOTDIR', IN_THE_WAY],
  ['EEXIST', IN_THE_WAY], // a file where a folder is to be made
  ['EISDIR', IN_THE_WAY],
  ['ENOTFILE', IN_THE_WAY], // as our files say of a pipe or a device
])

/** What was thrown, if it is no defect: an error of ours, a disk that refuses a file, or no folder to begin a path at. Else null. */
export function foreseen(error: unknown): MemoryError | null {
  if (error instanceof MemoryError) return error
  return isWithoutFolder(error) ? withoutFolder(error) : refusalOfDisk(error)
}

/** Somebody has removed the working directory of this process, and it was asked for. */
export const isWithoutFolder = (error: unknown): boolean => error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'uv_cwd'

/** Through a memory that was closed: it would open connections that nobody ends. */
export const wasClosed = (): MemoryError => new MemoryError('usage', 'this memory was closed: nothing can be read or written through it any more')

export const withoutFolder = (cause?: unknown): MemoryError =>
  new MemoryError('usage', 'the folder in which this was called does not exist any more', {
    suggestions: ['call it in another one; a path that begins with "/" needs none'],
    cause,
  })

function refusalOfDisk(error: unknown): MemoryError | null {
  if (!(error instanceof Error)) return null
  const { code, path, syscall = 'open' } = error as NodeJS.ErrnoException
  const wayOut = WAYS_OUT.get(code)
  // Only what is done to a file: a program that cannot be started has a path, too.
  if (wayOut === undefined || path === undefined || syscall.startsWith('spawn')) return null
  const reason = error.message.split(`, ${syscall}`, 1)[0]!
  return new MemoryError('unavailable', `${path} cannot be used: ${reason}`, {
    cause: error,
    suggestions: [`${wayOut}, then repeat the command`, 'memory_sync health looks at the whole root'],
  })
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
