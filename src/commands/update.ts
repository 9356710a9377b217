import { Args } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { byFlag } from '../cli/conditions.js'
import { MemoryError } from '../errors/errors.js'
import { updateStatus } from '../usecases/update.js'

export default class Update extends BaseCommand {
  static override readonly summary = 'Set the status of an agent, and tell the outbox.'
  static override readonly description = `Silent. Writes a *_broadcast.json into bridge/memory/outbox of the root once the write is acknowledged.
Further arguments are ignored, as callers of the old tools/memory_sync.sh expect.`
  static override readonly examples = [
    '<%= config.bin %> update mary active',
    '<%= config.bin %> update mary idle --json',
  ]
  static override readonly strict = false
  static override readonly args = {
    agent: Args.string({ description: 'Whose status it is.' }),
    status: Args.string({ description: 'Any text; usual are active, idle and offline.' }),
  }
  static override readonly flags = { ...byFlag }

  // The words that callers of the old script know.
  protected override readonly errorPrefix = 'memory_sync update: ERROR'

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Update)
    const agent = required('agent', args.agent)
    const status = required('status', args.status)
    const { receipt, broadcastFailure } = await this.withMemory(flags, (memory, root) =>
      updateStatus(this.surroundings(memory, flags.by), this.rootFiles(root), { agent, status }),
    )
    await this.printReceipt(
      receipt,
      broadcastFailure === undefined ? [] : [`no broadcast was written: ${broadcastFailure}`],
    )
  }
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value
  throw new MemoryError('usage', `${name} required`, { suggestions: ['memory_sync update AGENT STATUS'] })
}
