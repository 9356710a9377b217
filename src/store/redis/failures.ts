/** What Redis, or the way to it, answers instead of a result: in words, with the way out. */
import { MemoryError, messageOf, StoreUnavailable } from '../../errors/errors.js'

interface Explanation {
  pattern: RegExp
  says: string
  suggestion: string
  because?: StoreUnavailable['because']
}

/**
 * For ACL SETUSER, of the namespace "memory": all that we ever ask of a Redis. The key besides is the lock of older programs, the channel
 * besides the one on which Redis tells what others write. A new user has no channel at all since Redis 7.
 */
export const NEEDED_RIGHTS =
  '~memory:* ~prp:merge:lock &memory:* &__redis__:invalidate +@read +@write +@connection +@pubsub +@scripting +select +info +time'

const REFUSALS: readonly Explanation[] = [
  {
    pattern: /WRONGPASS|invalid password/i,
    says: 'refuses the password',
    suggestion: 'give the right one in REDIS_PASSWORD, the config file or --redis-password-file',
    because: 'login',
  },
  {
    pattern: /NOAUTH|Authentication required/i,
    says: 'wants a password',
    suggestion: 'give it in REDIS_PASSWORD, the config file or --redis-password-file',
    because: 'login',
  },
  { pattern: /^LOADING/, says: 'is loading its data', suggestion: 'wait until it has; nothing else is needed' },
  {
    pattern: /^READONLY/,
    says: 'is a read-only replica',
    suggestion: 'name the primary in REDIS_HOST or MEMORY_SYNC_REDIS_URL',
  },
  { pattern: /^OOM/, says: 'has no memory left', suggestion: 'raise maxmemory in its configuration' },
  {
    pattern: /^MASTERDOWN/,
    says: 'is a replica that has lost its primary',
    suggestion: 'name the primary, or wait until the link is back',
  },
  {
    pattern: /max number of clients/i,
    says: 'has no connection left',
    suggestion: 'raise maxclients, or end clients that are not needed',
  },
  {
    pattern: /^DENIED/,
    says: 'is in protected mode and takes no connections from elsewhere',
    suggestion: 'set a password there, or use its Unix socket',
  },
  { pattern: /^BUSY/, says: 'is busy with a script', suggestion: 'wait until it ends' },
  {
    pattern: /^MISCONF/,
    says: 'cannot save its data and takes no writes',
    suggestion: 'look into its log: usually its disk is full',
  },
  {
    pattern: /^NOPERM|The user executing the script can't/,
    says: 'does not permit this user what we need',
    suggestion: `allow it: ACL SETUSER NAME ${NEEDED_RIGHTS} (with another namespace, that in the place of "memory")`,
  },
  { pattern: /^CLUSTERDOWN/, says: 'is a cluster that is down', suggestion: 'repair the cluster' },
  {
    pattern: /^(MOVED|CROSSSLOT)/,
    says: 'is a cluster, and our keys are in different slots of it',
    suggestion: 'use a namespace in braces, such as {memory}, and name the node that has its slot',
  },
]

const ON_THE_WAY: readonly Explanation[] = [
  {
    pattern: /ECONNREFUSED|ENOENT|ENOTSOCK/,
    says: 'is not there: nobody listens',
    suggestion: 'start it, or set MEMORY_SYNC_REDIS=off to work with files only',
    because: 'absent',
  },
  { pattern: /EACCES|EPERM/, says: 'may not be opened by this user', suggestion: 'change the permissions of its socket' },
  {
    pattern: /ENOTFOUND|EAI_AGAIN/,
    says: 'cannot be found by its name',
    suggestion: 'look at REDIS_HOST or MEMORY_SYNC_REDIS_URL, and at the network',
  },
  {
    pattern: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    says: 'cannot be reached',
    suggestion: 'look at the network, and at REDIS_HOST or MEMORY_SYNC_REDIS_URL',
  },
  {
    pattern: /Unknown RESP type/,
    says: 'does not speak the protocol of Redis',
    suggestion: 'look at what listens there, and at REDIS_HOST or MEMORY_SYNC_REDIS_URL',
  },
  {
    pattern: /EPIPE|ECONNRESET|Connection is closed/,
    says: 'closed the connection',
    suggestion: 'if it does so again and again, look into its log, and whether it has reached maxclients',
  },
]

export interface Circumstances {
  /** The server, without a password. */
  label: string
  /** The request may have been carried out. */
  sent: boolean
  /** Never shown, wherever it turns up. */
  password?: string | undefined
}

/**
 * The error to throw. The cause is not attached: ioredis puts the arguments of a command into it, passwords and values
 * included.
 */
export function explain(error: unknown, { label, sent, password }: Circumstances): MemoryError {
  if (error instanceof MemoryError) return error
  const text = withoutPassword(messageOf(error), password)
  if (text.includes('WRONGTYPE')) return wrongType(label)
  const known = [...REFUSALS, ...ON_THE_WAY].find(({ pattern }) => pattern.test(text))
  if (known === undefined) return new StoreUnavailable(`Redis at ${label} failed: ${text}`, sent)
  return new StoreUnavailable(`Redis at ${label} ${known.says} (${text})`, sent, {
    suggestions: [known.suggestion],
    because: known.because ?? null,
    // Only time helps by itself; the others want somebody to do something.
    retryable: known.pattern.source !== 'WRONGPASS|invalid password',
  })
}

export const silent = (label: string, ms: number, sent: boolean): StoreUnavailable =>
  new StoreUnavailable(`Redis at ${label} did not answer within ${ms} ms`, sent, {
    suggestions: ['look whether it is stopped or overloaded'],
    because: 'silent',
  })

export const isSuperfluousPassword = (error: unknown): boolean =>
  /no password is set|without any password configured/.test(messageOf(error))

/** Nothing was asked of it, nor will be. */
export const anotherServer = (label: string): StoreUnavailable =>
  new StoreUnavailable(`Redis at ${label} wants no password, so it is another server than the private one that was installed`, false, {
    suggestions: ['memory_sync install gives the private one another port'],
  })

const withoutPassword = (text: string, password: string | undefined): string =>
  password === undefined || password === '' ? text : text.replaceAll(password, '***')

/** Every script reads before it writes: nothing was carried out, and the write is kept in the journal until the key is mended. */
const wrongType = (label: string): StoreUnavailable =>
  new StoreUnavailable(`a key of ours in Redis at ${label} holds another type of value than it should`, false, {
    suggestions: ['look with TYPE at memory:sync, memory:seen, memory:rev and memory:events, and rename what is not ours'],
    retryable: false,
  })
