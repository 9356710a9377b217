import { Args, Flags } from '@oclif/core'
import { refuseEmpty } from '../../cli/conditions.js'
import { agentFlag, TaskCommand, tokenFlag, writeFlags } from '../../cli/task-command.js'

export default class TaskComplete extends TaskCommand {
  static override readonly summary = 'Finish an item (in_progress -> complete).'
  static override readonly description = `Sets completed_at, and github_commit with --commit. Only whoever has the item may do it (exit 13), or anybody when nobody has it.`
  static override readonly examples = ['<%= config.bin %> task complete P0-12 --agent mary --commit 322579d']
  static override readonly args = {
    id: Args.string({ description: 'The item.', required: true }),
  }
  static override readonly flags = {
    ...agentFlag,
    ...tokenFlag,
    commit: Flags.string({ summary: 'The commit that did it.', helpValue: 'HASH' }),
    notes: Flags.string({ summary: 'A remark that stays with the item.', helpValue: 'TEXT' }),
    ...writeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskComplete)
    refuseEmpty(flags, 'commit')
    await this.performStep('complete', args.id, flags)
  }
}
