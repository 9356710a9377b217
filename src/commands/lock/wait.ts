import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.js'
import { untilSignal } from '../../cli/ending.js'
import { nameArg } from '../../cli/lock-flags.js'
import { MAX_TIMER_MS, seconds } from '../../cli/watching.js'
import { waitForLock } from '../../usecases/lock.js'

export default class LockWait extends BaseCommand {
  static override readonly summary = 'Wait until nobody has a lease, without taking it.'
  static override readonly description = `It is free then, and may be taken by another one a moment later: "lock acquire --wait" waits for it and takes it. Exit 10
with --wait 0 when somebody has it, 11 when the time is over.`
  static override readonly examples = ['<%= config.bin %> lock wait deploy --wait 300', '<%= config.bin %> lock wait deploy --wait 0']
  static override readonly args = nameArg
  static override readonly flags = {
    wait: Flags.string({ summary: 'So long, in seconds; default: for as long as it takes.', helpValue: 'S' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockWait)
    const waitMs = flags.wait === undefined ? MAX_TIMER_MS : seconds('--wait', flags.wait)
    const done = await this.withMemory(flags, (memory) =>
      untilSignal((signal) => waitForLock(this.surroundings(memory), { name: args.name, waitMs, signal })),
    )
    if ('code' in done) this.exit(done.code)
    await this.printReply({ ok: true, name: args.name, fence: done.result.fence })
  }
}
