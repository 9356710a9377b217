import { Flags } from '@oclif/core'
import { formatTaskTable } from '../../cli/task-format.js'
import { fenceFlag } from '../../cli/conditions.js'
import { agentFlag, TaskCommand, ttlFlag } from '../../cli/task-command.js'
import { MemoryError } from '../../errors/errors.js'
import { stringOf } from '../../domain/json.js'
import { nextTask } from '../../usecases/tasks/view.js'

const MAX_ATTEMPTS = 100

export default class TaskNext extends TaskCommand {
  static override readonly summary = 'Show the item to take next, or take it.'
  static override readonly description = `The first that nobody has and that waits for nothing: validated before new, by priority (P0 first), then by age.
--claim takes it: where another one is faster, the one after it. None left: exit 1.`
  static override readonly examples = ['<%= config.bin %> task next', '<%= config.bin %> task next --claim --agent mary --json']
  static override readonly flags = {
    ...agentFlag,
    claim: Flags.boolean({ summary: 'Take it.' }),
    ...ttlFlag,
    ...fenceFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(TaskNext)
    if (flags.claim) {
      await this.claimNext(flags)
      return
    }
    const task = await this.withTasks(flags, (surroundings) => nextTask(surroundings))
    if (this.jsonEnabled()) await this.printReply(task)
    else await this.print(formatTaskTable([task]))
  }

  private async claimNext(flags: Parameters<TaskCommand['takeStep']>[2]): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const task = await this.withTasks(flags, (surroundings) => nextTask(surroundings, { claims: true }))
      const id = stringOf(task.get('id')) ?? ''
      try {
        await this.performStep('claim', id, flags, id)
        return
      } catch (error) {
        if (!(error instanceof MemoryError) || error.code !== 'held') throw error
      }
    }
    throw new MemoryError('failed', 'others were faster again and again', { retryable: true, suggestions: ['repeat it'] })
  }
}
