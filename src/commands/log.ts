import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { refuseEmpty } from '../cli/conditions.js'
import { CHANGE_EVENTS } from '../domain/event.js'
import { formatLine } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'
import { logLines } from '../usecases/watch.js'

export default class Log extends BaseCommand {
  static override readonly summary = 'Show the history: who changed what, and when.'
  static override readonly description = `One JSON object a line, oldest first: {rev, cursor, agent, event, timestamp, data, by}. "data" is the change as a merge
patch. A change in which a value lost against a newer one has the event "conflict", and both values.`
  static override readonly examples = [
    '<%= config.bin %> log --agent mary',
    '<%= config.bin %> log --since 120 | jq -r "[.timestamp, .by, .agent] | @tsv"',
  ]
  static override readonly flags = {
    agent: Flags.string({ summary: 'Only changes of this agent.', helpValue: 'NAME' }),
    event: Flags.string({ summary: 'Only this kind of event.', description: `${CHANGE_EVENTS.join(', ')}.`, helpValue: 'EVENT' }),
    since: Flags.string({ summary: 'Only what came after this revision or cursor.', helpValue: 'REV' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Log)
    refuseEmpty(flags, 'agent', 'event')
    refuseUnknown(flags.event)
    const lines = await this.withMemory(flags, (memory) =>
      logLines(this.surroundings(memory), {
        ...(flags.agent !== undefined && { agent: flags.agent }),
        ...(flags.event !== undefined && { event: flags.event }),
        ...(flags.since !== undefined && { since: flags.since }),
      }),
    )
    if (lines.length > 0) await this.print(lines.map(({ json }) => formatLine(json)).join('\n'))
  }
}

/** Others than a watch sees: what other programs publish is not kept. */
function refuseUnknown(event: string | undefined): void {
  if (event === undefined || CHANGE_EVENTS.some((name) => name === event)) return
  throw new MemoryError('usage', `the history has no event ${JSON.stringify(event.slice(0, 80))}`, { suggestions: [`it has ${CHANGE_EVENTS.join(', ')}`] })
}
