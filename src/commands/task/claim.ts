import { Args } from '@oclif/core'
import { agentFlag, TaskCommand, tokenFlag, ttlFlag, writeFlags } from '../../cli/task-command.js'

export default class TaskClaim extends TaskCommand {
  static override readonly summary = 'Take an item, for a limited time.'
  static override readonly description = `One claimer wins, whoever else tries: exit 10. The status stays; "task start" begins the work. The claim ends with its time
(--ttl), unless "task heartbeat" makes it longer, and goes to whoever takes it next. Items that are deprecated, complete, or
wait for others cannot be taken (exit 1). With --json the reply has the token of this claim.`
  static override readonly examples = ['<%= config.bin %> task claim P0-12 --agent mary --ttl 600', '<%= config.bin %> task claim P0-12 --agent mary --while-pid $$ --json']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }
  static override readonly flags = {
    ...agentFlag,
    ...tokenFlag, ...ttlFlag, ...writeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskClaim)
    await this.performStep('claim', args.id, flags)
  }
}
