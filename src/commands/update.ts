import { oclifArgs, oclifFlags } from '../cli/shape.js'
import { VerbCommand } from '../cli/verb-command.js'
import { shapes } from '../verbs/shapes.js'

export default class Update extends VerbCommand {
  static override readonly summary = 'Set the status of an agent, and tell the outbox.'
  static override readonly description = `Silent. It needs AGENT and STATUS. Writes a *_broadcast.json into bridge/memory/outbox of the root once the write is acknowledged.
Further arguments are ignored, as callers of the old tools/memory_sync.sh expect.`
  static override readonly examples = [
    '<%= config.bin %> update mary active',
    '<%= config.bin %> update mary idle --json',
  ]
  static override readonly args = oclifArgs(shapes.update.arguments)
  static override readonly flags = oclifFlags(shapes.update.flags)

  protected override readonly verb = 'update'
}
