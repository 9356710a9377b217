import { Args } from '@oclif/core'
import { agentFlag, TaskCommand, writeFlags } from '../../cli/task-command.js'

export default class TaskValidate extends TaskCommand {
  static override readonly summary = 'Say that an item is ready to be worked on (new -> validated).'
  static override readonly description = `Sets validated_at. An item that is not "new": exit 1.`
  static override readonly examples = ['<%= config.bin %> task validate P0-12 --agent rnd']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }
  static override readonly flags = {
    ...agentFlag,
    ...writeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskValidate)
    await this.performStep('validate', args.id, flags)
  }
}
