import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { refuseEmpty, wholeNumber } from '../cli/conditions.js'
import { seconds, watchAndDeliver } from '../cli/watching.js'
import { LineCommand } from '../cli/line-command.js'
import { CHANGE_EVENTS } from '../domain/event.js'

export default class Watch extends BaseCommand {
  static override readonly summary = 'Follow the changes as they happen.'
  static override readonly description = `One JSON object a line: {rev, cursor, agent, event, timestamp, data, by}, "data" the change as a merge patch; with
"pending" while it is on this machine only. Every change comes once, in the order of revisions, across reconnects. Where
history is missing, a line {"event":"gap","from","to"} says so, and a snapshot follows. stderr says when it is ready.
--exec runs a command for every line, one after the other: the line is its stdin, and up to 96 KiB
also MEMORY_SYNC_EVENT in its environment; of a longer one that is unset.`
  static override readonly examples = [
    '<%= config.bin %> watch --agent mary',
    '<%= config.bin %> watch --event conflict --count 1 --timeout 60',
    '<%= config.bin %> watch --since "$(<%= config.bin %> get /rev)"',
    `<%= config.bin %> watch --event agent_update --exec 'jq -r .agent >> seen.txt'`,
  ]
  static override readonly flags = {
    agent: Flags.string({ summary: 'Only changes of this agent.', helpValue: 'NAME' }),
    event: Flags.string({
      summary: 'Only this kind of event.',
      description: `${CHANGE_EVENTS.join(', ')}, renumbered, snapshot, gap, new_data (a drop), or what other programs publish.`,
      helpValue: 'EVENT',
    }),
    since: Flags.string({ summary: 'Begin after this revision or cursor.', helpValue: 'REV' }),
    count: Flags.string({ summary: 'End after so many lines.', helpValue: 'N' }),
    timeout: Flags.string({ summary: 'End after so many seconds, with exit 11.', helpValue: 'S' }),
    exec: Flags.string({ summary: 'Run this with every line, in place of printing it.', helpValue: 'CMD' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Watch)
    refuseEmpty(flags, 'agent', 'event', 'exec')
    const request = {
      ...(flags.agent !== undefined && { agent: flags.agent }),
      ...(flags.event !== undefined && { event: flags.event }),
      ...(flags.since !== undefined && { since: flags.since }),
      ...(flags.count !== undefined && { count: wholeNumber('--count', flags.count) }),
      ...(flags.timeout !== undefined && { timeoutMs: seconds('--timeout', flags.timeout) }),
      onReady: (rev: number) => void this.note(`watching from rev ${rev}`),
    }
    const command = flags.exec === undefined ? undefined : new LineCommand(flags.exec)
    let running: Promise<boolean> | undefined
    const deliver = (line: string, signal: AbortSignal): Promise<boolean> =>
      command === undefined ? this.print(line) : (running = this.runWith(line, command, signal))
    try {
      const code = await watchAndDeliver(
        (use) => this.withMemory(flags, (memory) => use(this.surroundings(memory))),
        request,
        deliver,
      )
      if (code !== 0) this.exit(code)
    } finally {
      await (running ?? Promise.resolve()).finally(() => command?.end()) // a command that runs when the end comes is ended first
    }
  }

  private async runWith(line: string, command: LineCommand, signal: AbortSignal): Promise<boolean> {
    const failure = await command.run(line, signal)
    if (failure !== undefined) await this.note(`${command.text}: ${failure}`)
    return true
  }
}
