import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { formatFound } from '../cli/value-format.js'
import { getValue } from '../usecases/get.js'

export default class Get extends BaseCommand {
  static override readonly summary = 'Show the context, or the value at a path in it.'
  static override readonly description = `PATH is a JSON Pointer when it starts with "/", else names and indexes with dots between them.
A name that holds dots needs a JSON Pointer, or --agent. Where there is nothing: exit 1.
Further arguments are ignored, as callers of the old tools/memory_sync.sh expect.`
  static override readonly examples = [
    '<%= config.bin %> get',
    '<%= config.bin %> get agents.mary.status --raw',
    '<%= config.bin %> get /agents/mary/context/records/0',
    '<%= config.bin %> get context --agent mary --compact',
  ]
  static override readonly strict = false
  static override readonly args = {
    path: Args.string({ description: 'What to show; without it, the whole context.' }),
  }
  static override readonly flags = {
    agent: Flags.string({ summary: 'PATH starts at the record of this agent.', helpValue: 'NAME' }),
    raw: Flags.boolean({ summary: 'Print a string without its quotes.' }),
    compact: Flags.boolean({ summary: 'Print one line.' }),
    'with-meta': Flags.boolean({ summary: 'Print {rev, durability, source, pending, context}.' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Get)
    const found = await this.withMemory(flags, (memory) =>
      getValue(memory, {
        ...(args.path !== undefined && { path: args.path }),
        ...(flags.agent !== undefined && { agent: flags.agent }),
      }),
    )
    const raw = flags.raw && !this.jsonEnabled()
    await this.print(formatFound(found, { raw, compact: flags.compact, withMeta: flags['with-meta'] }))
  }
}
