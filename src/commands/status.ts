import { BaseCommand } from '../cli/base-command.js'
import { formatStatus } from '../cli/status-format.js'

export default class Status extends BaseCommand {
  static override readonly summary = 'Show how this root is connected: Redis, hub, latency, what is pending.'
  static override readonly description =
    'Exit 1 when Redis is configured and does not answer. Files only, by choice, is exit 0.'
  static override readonly examples = ['<%= config.bin %> status', '<%= config.bin %> redis-status --json']
  static override readonly aliases = ['redis-status']

  async run(): Promise<void> {
    const { flags } = await this.parse(Status)
    const status = await this.withMemory(flags, (memory) => memory.status())
    if (this.jsonEnabled()) await this.printReply(status)
    else await this.print(formatStatus(status))
    if (status.redis === 'away') this.exit(1)
  }
}
