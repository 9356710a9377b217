import { formatBoard } from '../../cli/task-format.js'
import { TaskCommand } from '../../cli/task-command.js'
import { boardOfTasks } from '../../usecases/tasks/view.js'

export default class TaskBoard extends TaskCommand {
  static override readonly summary = 'Show the work items by status: who has what, and what is free.'
  static override readonly description = 'With --json {STATUS: [{id, title, owner, free}, ...], ...}.'
  static override readonly examples = ['<%= config.bin %> task board', '<%= config.bin %> task board --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(TaskBoard)
    const board = await this.withTasks(flags, (surroundings) => boardOfTasks(surroundings))
    if (this.jsonEnabled()) await this.printReply(board)
    else await this.print(formatBoard(board))
  }
}
