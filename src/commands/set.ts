import { oclifArgs, oclifFlags } from '../cli/shape.js'
import { VerbCommand } from '../cli/verb-command.js'
import { shapes } from '../verbs/shapes.js'

export default class SetContext extends VerbCommand {
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
  static override readonly args = oclifArgs(shapes.set.arguments)
  static override readonly flags = oclifFlags(shapes.set.flags)

  protected override readonly verb = 'set'
}
