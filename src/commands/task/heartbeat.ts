import { Args } from '@oclif/core'
import { agentFlag, TaskCommand, tokenFlag, writeFlags } from '../../cli/task-command.js'

export default class TaskHeartbeat extends TaskCommand {
  static override readonly summary = 'Keep an item: its claim begins anew.'
  static override readonly description = `Exit 13 when the item is not yours any more: stop working on it.`
  static override readonly examples = ['<%= config.bin %> task heartbeat P0-12 --agent mary']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }
  static override readonly flags = {
    ...agentFlag,
    ...tokenFlag, ...writeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskHeartbeat)
    await this.performStep('heartbeat', args.id, flags)
  }
}
