import { BaseCommand } from '../cli/base-command.js'
import { MemoryError } from '../errors/errors.js'

export default class Sync extends BaseCommand {
  static override readonly summary = 'Reconcile the file and Redis now, and verify it by reading both back.'
  static override readonly description = `Agents and work items are counted as they were read from Redis afterwards, and compared with this root. Away or off,
or beside a hub that does not answer: exit 69, and nothing is claimed.`
  static override readonly examples = ['<%= config.bin %> sync', '<%= config.bin %> redis-sync --json']
  static override readonly aliases = ['redis-sync']

  async run(): Promise<void> {
    const { flags } = await this.parse(Sync)
    const { rev, agents, items, equal } = await this.withMemory(flags, (memory) => memory.sync())
    if (!equal) {
      throw new MemoryError('failed', `this root and Redis still differ at revision ${rev}`, {
        suggestions: ['somebody may be writing right now: repeat it', 'memory_sync health says what is wrong'],
        details: { rev, agents, items },
      })
    }
    if (this.jsonEnabled()) await this.printReply({ ok: true, rev, agents, items, equal })
    else
      await this.print(
        `✅ context.json and Redis are equal at revision ${rev} (${countOf(agents, 'agent')}, ${countOf(items, 'work item')}, all read back)`,
      )
  }
}

const countOf = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
