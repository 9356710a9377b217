import { Args } from '@oclif/core'
import { agentFlag, TaskCommand, tokenFlag, ttlFlag, writeFlags } from '../../cli/task-command.js'

export default class TaskStart extends TaskCommand {
  static override readonly summary = 'Begin the work on an item (validated -> in_progress).'
  static override readonly description = `Sets started_at. Takes the item first when nobody has it; another one's item: exit 10.`
  static override readonly examples = ['<%= config.bin %> task start P0-12 --agent mary']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }
  static override readonly flags = {
    ...agentFlag,
    ...tokenFlag, ...ttlFlag, ...writeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskStart)
    await this.performStep('start', args.id, flags)
  }
}
