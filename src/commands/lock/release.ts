import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.js'
import { nameArg, requiredTokenOf, tokenFlag } from '../../cli/lock-flags.js'
import { releaseLock } from '../../usecases/lock.js'

export default class LockRelease extends BaseCommand {
  static override readonly summary = 'Give a lease back.'
  static override readonly description = `The next in line gets it, and writes with its fence are refused from then on. Exit 12 for another token, 13 when nobody
has it any more.`
  static override readonly examples = ['<%= config.bin %> lock release deploy --token "$TOKEN"']
  static override readonly args = nameArg
  static override readonly flags = {
    ...tokenFlag,
    reason: Flags.string({ summary: 'For the history.', helpValue: 'TEXT' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockRelease)
    const { name } = args
    const request = { name, token: requiredTokenOf(name, flags.token), reason: flags.reason }
    await this.printReply(await this.withMemory(flags, (memory) => releaseLock(this.surroundings(memory), request)))
  }
}
