import { BaseCommand } from '../../cli/base-command.js'
import { formatJson } from '../../verbs/json.js'
import { nameArg } from '../../cli/lock-flags.js'
import { lockHistory } from '../../usecases/lock.js'

export default class LockHistory extends BaseCommand {
  static override readonly summary = 'Show who has had a lease, and how it ended.'
  static override readonly description = `One JSON object a line, oldest first: {rev, timestamp, action, name, holder, by, reason, fence}; action is granted, released
or forced. A grant after a lease that nobody has released says so in "ended".`
  static override readonly examples = ['<%= config.bin %> lock history deploy']
  static override readonly args = nameArg

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockHistory)
    const events = await this.withMemory(flags, (memory) => lockHistory(this.surroundings(memory), args.name))
    if (events.length > 0) await this.print(events.map(formatJson).join('\n'))
  }
}
