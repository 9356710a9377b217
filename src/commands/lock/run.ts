import { BaseCommand } from '../../cli/base-command.js'
import { reportFailure } from '../../cli/failure.js'
import { holderFlags, nameArg, tokenFlag, tokenOf, ttlFlag, ttlOf, waitFlag, waitOf } from '../../cli/lock-flags.js'
import { runCommandUnderLock, splitAtDashes } from '../../cli/lock-running.js'

export default class LockRun extends BaseCommand {
  static override readonly summary = 'Run a command while a lease is held.'
  static override readonly description = `The lease is renewed at a third of its time for as long as the command runs, and given back when it has ended. Where it cannot
be renewed, the command and everything that it has started are ended before somebody else can have the lease: SIGTERM, then
SIGKILL; also when this process is killed or stopped. Signals are passed on, and stdin, stdout and stderr are the command's. It
finds MEMORY_SYNC_LOCK_NAME, MEMORY_SYNC_FENCE and MEMORY_SYNC_LOCK_TOKEN in its environment.
Exit: the command's own (128 + n after a signal); 10 when somebody else has it, 11 when the waiting was in vain, 14 when the lease
was lost, 126 or 127 when the command cannot be run, 69 when Redis is configured and away.`
  static override readonly usage = 'lock run NAME [FLAGS] -- CMD..'
  static override readonly examples = [
    '<%= config.bin %> lock run deploy --wait 60 -- ./deploy.sh production',
    `<%= config.bin %> lock run report --ttl 30 -- sh -c 'memory_sync set mary report=done --fence "report:$MEMORY_SYNC_FENCE"'`,
  ]
  static override readonly args = nameArg
  static override readonly flags = { ...ttlFlag, ...waitFlag, ...tokenFlag, ...holderFlags }

  async run(): Promise<void> {
    const { own, command } = splitAtDashes(this.argv, 'memory_sync lock run NAME -- CMD')
    const { args, flags } = await this.parse(LockRun, own)
    const { name } = args
    const request = {
      ...{ name, ttlMs: ttlOf(flags.ttl), waitMs: waitOf(flags.wait), token: tokenOf(name, flags.token) },
      ...{ holder: flags.agent, reason: flags.reason ?? command.file.slice(0, 200) } // its arguments may be secret,
    }
    const code = await this.withMemory(flags, (memory) =>
      runCommandUnderLock(this.surroundings(memory, flags), request, command, {
        warn: (text) => void this.note(`Warning: ${text}`),
        notStarted: (error) => reportFailure(error, { json: this.jsonEnabled() }),
      }),
    )
    if (code !== 0) this.exit(code)
  }
}
