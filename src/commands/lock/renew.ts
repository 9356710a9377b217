import { BaseCommand } from '../../cli/base-command.js'
import { nameArg, requiredTokenOf, tokenFlag, ttlFlag, ttlOf } from '../../cli/lock-flags.js'
import { renewLockOf } from '../../usecases/lock.js'

export default class LockRenew extends BaseCommand {
  static override readonly summary = 'Keep a lease for longer.'
  static override readonly description = 'From now on for the whole time again. Exit 12 for another token, 13 when nobody has it any more.'
  static override readonly examples = ['<%= config.bin %> lock renew deploy --token "$TOKEN" --ttl 30']
  static override readonly args = nameArg
  static override readonly flags = { ...tokenFlag, ...ttlFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockRenew)
    const { name } = args
    const request = { name, token: requiredTokenOf(name, flags.token), ttlMs: ttlOf(flags.ttl) }
    await this.printReply(await this.withMemory(flags, (memory) => renewLockOf({ memory }, request)))
  }
}
