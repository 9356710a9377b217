import { BaseCommand } from '../../cli/base-command.js'
import { lockJson, lockText } from '../../cli/lock-format.js'
import { lookAtLock } from '../../usecases/lock.js'
import { MERGE_LEASE } from '../../usecases/merge-run.js'

export default class MergeStatus extends BaseCommand {
  static override readonly summary = 'Show who merges, for how long, and who waits.'
  static override readonly description =
    'As "lock status merge"; the lock of an older program, prp:merge:lock in Redis, is shown too. Exit 69 when Redis is configured and away.'
  static override readonly examples = ['<%= config.bin %> merge status', '<%= config.bin %> merge status --json']
  static override readonly aliases = ['redis-merge-status']

  async run(): Promise<void> {
    const { flags } = await this.parse(MergeStatus)
    const view = await this.withMemory(flags, (memory) => lookAtLock({ memory }, MERGE_LEASE))
    if (this.jsonEnabled()) await this.printReply(lockJson(view))
    else await this.print(lockText(view))
  }
}
