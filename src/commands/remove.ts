import { Args } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { byFlag, conditionsOf, fenceFlag, ifRevFlag, keyFlag } from '../cli/conditions.js'
import { removeAgent } from '../usecases/remove.js'

export default class Remove extends BaseCommand {
  static override readonly summary = 'Delete the record of an agent.'
  static override readonly description = `The deletion is a change like any other: it reaches every host, and the history keeps what was there.
Where there is no such agent: exit 1.`
  static override readonly examples = ['<%= config.bin %> remove mary', '<%= config.bin %> remove mary --if-rev 42']
  static override readonly args = {
    agent: Args.string({ description: 'Whose record it is.', required: true }),
  }
  static override readonly flags = { ...ifRevFlag, ...fenceFlag, ...keyFlag, ...byFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Remove)
    const request = { agent: args.agent, ...conditionsOf(flags) }
    await this.printReceipt(
      await this.withMemory(flags, (memory) => removeAgent(this.surroundings(memory, flags), request)),
    )
  }
}
