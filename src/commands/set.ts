import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { byFlag, conditionsOf, fenceFlag, ifRevFlag, keyFlag } from '../cli/conditions.js'
import { textOf } from '../cli/stdin.js'
import { parseJsonObjectArgument } from '../usecases/json-argument.js'
import { setContext } from '../usecases/set.js'

export default class SetContext extends BaseCommand {
  static override readonly summary = 'Merge into the context of an agent, or into current_work or token_usage.'
  static override readonly description = `KEY=VALUE sets a value: JSON if it parses, else a string. KEY may be dotted. KEY=null deletes.
KEY+=N adds a number; additions of any number of writers are summed. --patch takes a JSON merge patch (RFC 7386).
An agent that is not there yet is made, with the status "active". Prints nothing, or with --json where the write is.`
  static override readonly examples = [
    '<%= config.bin %> set mary task=T-17 progress.done=3 note="waiting for review"',
    '<%= config.bin %> set mary progress.done+=1',
    '<%= config.bin %> set mary --status idle task=null',
    `echo '{"branch": "main"}' | <%= config.bin %> set current_work --patch -`,
    '<%= config.bin %> set mary plan=B --if-rev 42',
  ]
  static override readonly strict = false
  static override readonly args = {
    target: Args.string({ description: 'An agent, current_work or token_usage.', required: true }),
    assignments: Args.string({ description: 'KEY=VALUE, KEY=null or KEY+=N; as many as you like.' }),
  }
  static override readonly flags = {
    patch: Flags.string({ summary: 'JSON merge patch, or - for standard input.', helpValue: 'JSON|-' }),
    status: Flags.string({ summary: 'Also set the status of the agent.', helpValue: 'STATUS' }),
    ...ifRevFlag,
    ...fenceFlag,
    ...keyFlag,
    ...byFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SetContext)
    const patch =
      flags.patch === undefined ? undefined : parseJsonObjectArgument('--patch', await textOf('--patch', flags.patch))
    const request = {
      name: args.target,
      assignments: this.positional.slice(1),
      ...(patch !== undefined && { patch }),
      ...(flags.status !== undefined && { status: flags.status }),
      ...conditionsOf(flags),
    }
    await this.printReceipt(
      await this.withMemory(flags, (memory) => setContext(this.surroundings(memory, flags.by), request)),
    )
  }
}
