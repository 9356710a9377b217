import { oclifArgs, oclifFlags } from '../cli/shape.js'
import { VerbCommand } from '../cli/verb-command.js'
import { shapes } from '../verbs/shapes.js'

export default class Get extends VerbCommand {
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
  static override readonly args = oclifArgs(shapes.get.arguments)
  static override readonly flags = oclifFlags(shapes.get.flags)

  protected override readonly verb = 'get'
}
