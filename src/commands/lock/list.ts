import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.js'
import { lockJson, lockLine } from '../../cli/lock-format.js'
import { listLocks } from '../../usecases/lock.js'

export default class LockList extends BaseCommand {
  static override readonly summary = 'List the leases that are held or waited for.'
  static override readonly description = 'A line each: name, fence, who has it and for how long, how many wait. With --json an array.'
  static override readonly examples = ['<%= config.bin %> lock list', '<%= config.bin %> lock list --all --json']
  static override readonly flags = { all: Flags.boolean({ summary: 'Also those that are free.' }) }

  async run(): Promise<void> {
    const { flags } = await this.parse(LockList)
    const views = await this.withMemory(flags, (memory) => listLocks({ memory }, flags.all))
    if (this.jsonEnabled()) await this.printReply(views.map(lockJson))
    else if (views.length > 0) await this.print(views.map(lockLine).join('\n'))
  }
}
