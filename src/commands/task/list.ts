import { Flags } from '@oclif/core'
import { refuseEmpty } from '../../cli/conditions.js'
import { formatTaskTable } from '../../cli/task-format.js'
import { TaskCommand } from '../../cli/task-command.js'
import { listTasks } from '../../usecases/tasks/view.js'

export default class TaskList extends TaskCommand {
  static override readonly summary = 'Show the work items.'
  static override readonly description = `In the order in which they came to be. A claim that ran out is none: the item is shown as it can be taken.
With --json an array of {id, title, status, owner, ...}.`
  static override readonly examples = [
    '<%= config.bin %> task list --status validated',
    '<%= config.bin %> task list --owner mary --json',
  ]
  static override readonly flags = {
    status: Flags.string({ summary: 'Only items with this status.', helpValue: 'STATUS' }),
    owner: Flags.string({ summary: 'Only items of this agent.', helpValue: 'NAME' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(TaskList)
    refuseEmpty(flags, 'owner')
    const { status, owner } = flags
    const filter = { ...(status !== undefined && { status }), ...(owner !== undefined && { owner }) }
    const tasks = await this.withTasks(flags, (surroundings) => listTasks(surroundings, filter))
    if (this.jsonEnabled()) await this.printReply(tasks)
    else if (tasks.length > 0) await this.print(formatTaskTable(tasks))
  }
}
