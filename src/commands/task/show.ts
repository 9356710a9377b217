import { Args } from '@oclif/core'
import { formatTask } from '../../cli/task-format.js'
import { TaskCommand } from '../../cli/task-command.js'
import { showTask } from '../../usecases/tasks/view.js'

export default class TaskShow extends TaskCommand {
  static override readonly summary = 'Show one work item.'
  static override readonly description = 'All of its fields, the token of its claim left out. Where there is no such item: exit 1.'
  static override readonly examples = ['<%= config.bin %> task show P0-12', '<%= config.bin %> task show P0-12 --json']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskShow)
    const task = await this.withTasks(flags, (surroundings) => showTask(surroundings, args.id))
    if (this.jsonEnabled()) await this.printReply(task)
    else await this.print(formatTask(task))
  }
}
