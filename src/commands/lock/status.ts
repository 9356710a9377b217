import { BaseCommand } from '../../cli/base-command.js'
import { nameArg } from '../../cli/lock-flags.js'
import { lockJson, lockText } from '../../cli/lock-format.js'
import { lookAtLock } from '../../usecases/lock.js'

export default class LockStatus extends BaseCommand {
  static override readonly summary = 'Show who has a lease, what for, for how long, and who waits.'
  static override readonly description =
    'After Redis has lost data it also says how long nothing is granted, and for whom that waits. Exit 69 when Redis is configured and away.'
  static override readonly examples = ['<%= config.bin %> lock status deploy', '<%= config.bin %> lock status deploy --json']
  static override readonly args = nameArg

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockStatus)
    const view = await this.withMemory(flags, (memory) => lookAtLock({ memory }, args.name))
    if (this.jsonEnabled()) await this.printReply(lockJson(view))
    else await this.print(lockText(view))
  }
}
