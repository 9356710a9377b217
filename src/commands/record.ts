import { oclifArgs, oclifFlags } from '../cli/shape.js'
import { VerbCommand } from '../cli/verb-command.js'
import { shapes } from '../verbs/shapes.js'

export default class RecordResult extends VerbCommand {
  static override readonly summary = 'Record the result of a piece of work of an agent.'
  static override readonly description = `The context of the agent gets the newest result (for mary: last_task, task_status, result, timestamp; for rnd:
last_proposal, outcome, result, timestamp; else last_id, outcome, result, timestamp), the list "records" of the last 20, and
the sums in "totals". The agent's status becomes "active".`
  static override readonly examples = [
    `<%= config.bin %> record mary WO-251112 completed '{"files": 3}' --duration-ms 8100`,
    `<%= config.bin %> record rnd P-9 rejected @result.json --score 0.41 --learning "smaller steps"`,
    'some-tool | <%= config.bin %> record cls run-7 failed - --error "exit 1"',
  ]
  static override readonly args = oclifArgs(shapes.record.arguments)
  static override readonly flags = oclifFlags(shapes.record.flags)

  protected override readonly verb = 'record'
}
