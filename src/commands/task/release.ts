import { Args, Flags } from '@oclif/core'
import { agentFlag, TaskCommand, tokenFlag, writeFlags } from '../../cli/task-command.js'

export default class TaskRelease extends TaskCommand {
  static override readonly summary = 'Give an item back.'
  static override readonly description = `An item in progress becomes validated again, or new where nobody had validated it. Another one's item: exit 13, unless --force takes it away.`
  static override readonly examples = ['<%= config.bin %> task release P0-12 --agent mary', '<%= config.bin %> task release P0-12 --force']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }
  static override readonly flags = {
    ...agentFlag,
    ...tokenFlag,
    force: Flags.boolean({ summary: 'Also when another one has it.' }),
    ...writeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskRelease)
    await this.performStep('release', args.id, flags)
  }
}
