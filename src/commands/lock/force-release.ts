import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.js'
import { nameArg } from '../../cli/lock-flags.js'
import { lockJson, lockText } from '../../cli/lock-format.js'
import { MemoryError } from '../../errors/errors.js'
import { forceRelease, lookAtLock } from '../../usecases/lock.js'

export default class LockForceRelease extends BaseCommand {
  static override readonly summary = 'Take a lease away from its holder.'
  static override readonly description = `Shows whom it would be taken from; with --yes it is done, and stands in the history with who did it. Whoever had it is
not stopped by that, but its fenced writes are refused. Exit 13 when nobody has it.`
  static override readonly examples = [
    '<%= config.bin %> lock force-release deploy',
    '<%= config.bin %> lock force-release deploy --yes --reason "its machine is gone"',
  ]
  static override readonly args = nameArg
  static override readonly flags = {
    yes: Flags.boolean({ summary: 'Do it.' }),
    reason: Flags.string({ summary: 'For the history.', helpValue: 'TEXT' }),
    agent: Flags.string({ summary: 'Who does it, for the history.', helpValue: 'NAME' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockForceRelease)
    await this.withMemory(flags, async (memory) => {
      const surroundings = this.surroundings(memory, flags)
      const view = await lookAtLock({ memory }, args.name)
      if (flags.yes) {
        await this.printReply(await forceRelease(surroundings, view, flags.reason))
        return
      }
      if (view.holder === null) throw new MemoryError('not-held', `nobody has the lease ${JSON.stringify(args.name)}: there is nothing to release`)
      if (this.jsonEnabled()) await this.printReply({ ok: true, dryRun: true, wouldRelease: lockJson(view) })
      else await this.print(`This lease would be taken away:\n${lockText(view)}\nNothing was changed. Repeat it with --yes.`)
    })
  }
}
