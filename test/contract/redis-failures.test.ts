import { describe, expect, it } from 'vitest'
import { StoreUnavailable } from '../../src/errors/errors.js'
import { explain } from '../../src/store/redis/failures.js'

/** What servers and kernels say, as they say it. */
const TOLD: readonly [text: string, says: RegExp][] = [
  ['WRONGPASS invalid username-password pair or user is disabled.', /refuses the password/],
  ['ERR invalid password', /refuses the password/],
  ['NOAUTH Authentication required.', /wants a password/],
  ['LOADING Redis is loading the dataset in memory', /is loading its data/],
  ["READONLY You can't write against a read only replica.", /read-only replica/],
  ["OOM command not allowed when used memory > 'maxmemory'.", /no memory left/],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", /lost its primary/],
  ['ERR max number of clients reached', /no connection left/],
  ['DENIED Redis is running in protected mode', /protected mode/],
  ['BUSY Redis is busy running a script.', /busy with a script/],
  ['MISCONF Redis is configured to save RDB snapshots', /cannot save its data/],
  ["NOPERM this user has no permissions to run the 'evalsha' command", /does not permit/],
  ["ERR The user executing the script can't run this command or subcommand script: 9f, on @user_script:12.", /does not permit/],
  ['CLUSTERDOWN The cluster is down', /cluster that is down/],
  ["CROSSSLOT Keys in request don't hash to the same slot", /different slots/],
  ['MOVED 3999 127.0.0.1:6381', /different slots/],
  ['connect ECONNREFUSED 127.0.0.1:6379', /nobody listens/],
  ['connect ENOENT /tmp/redis.sock', /nobody listens/],
  ['connect EACCES /run/redis/redis.sock', /may not be opened/],
  ['getaddrinfo ENOTFOUND redis.example', /cannot be found/],
  ['connect ETIMEDOUT', /cannot be reached/],
  ['read ECONNRESET', /closed the connection/],
  ['Connection is closed.', /closed the connection/],
  ['ERR something new', /failed: ERR something new/],
]

describe('what Redis or the network says', () => {
  it.each(TOLD)('is told with the server, the reason and the way out: %s', (text, says) => {
    const error = explain(new Error(text), { label: 'here:1', sent: true, password: 'sesame' })
    expect(error).toBeInstanceOf(StoreUnavailable)
    expect(error).toMatchObject({ code: 'unavailable', sent: true })
    expect(error.message).toMatch(says)
    expect(error.message).toContain('here:1')
    expect(error.message).toContain(text)
    expect(error.suggestions.length).toBe(text.startsWith('ERR something') ? 0 : 1)
    expect(error.cause).toBeUndefined()
  })

  it('is never told with the password', () => {
    const error = explain(new Error("ERR unknown command 'AUTH', with args beginning with: 'a$&b' "), {
      ...{ label: 'here', sent: false, password: 'a$&b' },
    })
    expect(error.message).not.toContain('a$&b')
  })

  it('keeps nothing from being written elsewhere, where a key of ours has another type', () => {
    const error = explain(new Error('WRONGTYPE Operation against a key holding the wrong kind of value'), { label: 'here', sent: true })
    expect(error).toBeInstanceOf(StoreUnavailable)
    expect(error).toMatchObject({ sent: false, retryable: false })
  })
})
