import { BaseCommand } from '../../cli/base-command.js'
import { untilSignal } from '../../cli/ending.js'
import { holderFlags, nameArg, tokenFlag, tokenOf, ttlFlag, ttlOf, waitFlag, waitOf } from '../../cli/lock-flags.js'
import type { StoreFlags } from '../../cli/store-flags.js'
import { MemoryError, messageOf } from '../../errors/errors.js'
import { acquireLock, releaseLock } from '../../usecases/lock.js'
import { formatJson } from '../../verbs/json.js'

export default class LockAcquire extends BaseCommand {
  static override readonly summary = 'Take a lease: a right that one holder has at a time.'
  static override readonly description = `It lasts until it is released, or its time is over: it outlives this command. "lock run" keeps one for as long as a
command runs. Prints three assignments for a shell, the name, the fence and the token; with --json the whole reply. With the
token of its holder it is acquired once more, and has to be released as often.
Exit 10 when somebody else has it, 11 when the waiting was in vain, 69 when Redis is configured and away.`
  static override readonly examples = [
    '<%= config.bin %> lock acquire deploy --ttl 30 --wait 10 --reason "release 1.2"',
    `<%= config.bin %> lock acquire deploy --json | jq -r .token`,
    `eval "$(<%= config.bin %> lock acquire deploy)" && <%= config.bin %> set mary step=1 --fence "deploy:$MEMORY_SYNC_FENCE"`,
  ]
  static override readonly args = nameArg
  static override readonly flags = { ...ttlFlag, ...waitFlag, ...tokenFlag, ...holderFlags }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockAcquire)
    const { name } = args
    const request = {
      ...{ name, ttlMs: ttlOf(flags.ttl), waitMs: waitOf(flags.wait), token: tokenOf(name, flags.token) },
      ...{ holder: flags.agent, reason: flags.reason },
    }
    const done = await this.withMemory(flags, (memory) =>
      untilSignal((signal) => acquireLock(this.surroundings(memory, flags), { ...request, signal })),
    )
    if ('code' in done) this.exit(done.code)
    const { fence, token } = done.result
    const text = this.jsonEnabled()
      ? formatJson(done.result)
      : `MEMORY_SYNC_LOCK_NAME=${name} MEMORY_SYNC_FENCE=${fence} MEMORY_SYNC_LOCK_TOKEN=${quoted(token)}`
    const failure = await this.whyUnread(text)
    if (failure === null) return
    const outcome = await this.giveBack(flags, { name, token })
    throw new MemoryError('failed', `${failure}: nobody has the token of the lease ${JSON.stringify(name)}, ${outcome}`)
  }

  /** What has become of it, for people. */
  private giveBack(flags: StoreFlags & { agent?: string | undefined }, lease: { name: string; token: string }): Promise<string> {
    const reason = 'its token could not be printed'
    return this.withMemory(flags, (memory) => releaseLock(this.surroundings(memory, flags), { ...lease, reason })).then(
      () => 'and it was given back',
      (error: unknown) => `and it lasts until its time is over: it was not given back (${messageOf(error)})`,
    )
  }
}

/** For a POSIX shell. */
const quoted = (text: string): string => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
