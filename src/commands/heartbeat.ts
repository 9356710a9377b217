import { Args, Flags } from '@oclif/core'
import { byFlag, conditionsOf, keyFlag, wholeNumber } from '../cli/conditions.js'
import { TaskCommand } from '../cli/task-command.js'
import { heartbeat } from '../usecases/presence.js'

export default class Heartbeat extends TaskCommand {
  static override readonly summary = 'Say that an agent is there.'
  static override readonly description = `Sets last_seen and the host; the status of the record stays. --pid also names its process: when that is gone, "agents"
shows it as offline. Items are kept with "task heartbeat".`
  static override readonly examples = ['<%= config.bin %> heartbeat mary', '<%= config.bin %> heartbeat mary --pid $$ --progress']
  static override readonly args = {
    agent: Args.string({ description: 'Who.', required: true }),
  }
  static override readonly flags = {
    pid: Flags.string({ summary: 'Its process on this machine.', helpValue: 'PID' }),
    progress: Flags.boolean({ summary: 'It has done something, too.' }),
    ...keyFlag,
    ...byFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Heartbeat)
    const request = {
      agent: args.agent,
      progress: flags.progress,
      ...(flags.pid !== undefined && { pid: wholeNumber('--pid', flags.pid) }),
      ...conditionsOf(flags),
    }
    await this.printReceipt(await this.withTasks(flags, (surroundings) => heartbeat(surroundings, request)))
  }
}
