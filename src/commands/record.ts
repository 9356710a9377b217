import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { byFlag, conditionsOf, fenceFlag, keyFlag, numberText } from '../cli/conditions.js'
import { textOf } from '../cli/stdin.js'
import type { Tree } from '../domain/json.js'
import { parseJsonArgument, parseLenient } from '../usecases/json-argument.js'
import { recordResult } from '../usecases/record.js'

export default class RecordResult extends BaseCommand {
  static override readonly summary = 'Record the result of a piece of work of an agent.'
  static override readonly description = `The context of the agent gets the newest result (for mary: last_task, task_status, result, timestamp; for rnd:
last_proposal, outcome, result, timestamp; else last_id, outcome, result, timestamp), the list "records" of the last 20, and
the sums in "totals". The agent's status becomes "active".`
  static override readonly examples = [
    `<%= config.bin %> record mary WO-251112 completed '{"files": 3}' --duration-ms 8100`,
    `<%= config.bin %> record rnd P-9 rejected @result.json --score 0.41 --learning "smaller steps"`,
    'some-tool | <%= config.bin %> record cls run-7 failed - --error "exit 1"',
  ]
  static override readonly args = {
    agent: Args.string({ description: 'mary, rnd or any other agent.', required: true }),
    id: Args.string({ description: 'The task, the proposal or another piece of work.', required: true }),
    outcome: Args.string({ description: 'How it ended.', required: true }),
    result: Args.string({ description: 'JSON, - for standard input, or @FILE. Default: {}.' }),
  }
  static override readonly flags = {
    'duration-ms': Flags.string({ summary: 'How long it took.', helpValue: 'MS' }),
    literal: Flags.boolean({
      summary: 'Take RESULT as it is.',
      description: 'Neither - nor @FILE means anything, and what is no JSON is kept as a string: for results of others.',
      default: false,
    }),
    error: Flags.string({ summary: 'What went wrong.', helpValue: 'TEXT' }),
    score: Flags.string({ summary: 'How good it is.', helpValue: 'N' }),
    'score-before': Flags.string({ summary: 'How good it was before.', helpValue: 'N' }),
    learning: Flags.string({
      summary: 'What was learned: also appended to the ledger of the agent.',
      helpValue: 'TEXT',
    }),
    ...fenceFlag,
    ...keyFlag,
    ...byFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RecordResult)
    const request = {
      agent: args.agent,
      subject: args.id,
      outcome: args.outcome,
      result: flags.literal ? parseLenient('RESULT', args.result ?? '') : await resultOf(args.result),
      ...(flags['duration-ms'] !== undefined && { durationMs: numberText('--duration-ms', flags['duration-ms']) }),
      ...(flags.score !== undefined && { score: numberText('--score', flags.score) }),
      ...(flags['score-before'] !== undefined && { scoreBefore: numberText('--score-before', flags['score-before']) }),
      ...(flags.error !== undefined && { error: flags.error }),
      ...(flags.learning !== undefined && { learning: flags.learning }),
      ...conditionsOf(flags),
    }
    const { receipt, warnings } = await this.withMemory(flags, (memory, root) =>
      recordResult(this.surroundings(memory, flags.by), this.rootFiles(root), request),
    )
    await this.printReceipt(receipt, warnings)
  }
}

async function resultOf(argument: string | undefined): Promise<Tree> {
  const text = argument === undefined ? '' : await textOf('RESULT', argument, { files: true })
  return parseJsonArgument('RESULT', text.trim() === '' ? '{}' : text)
}
