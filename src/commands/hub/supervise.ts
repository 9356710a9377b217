import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.js'
import { environment } from '../../cli/open.js'

export default class HubSupervise extends BaseCommand {
  static override readonly hidden = true
  static override readonly summary = 'Keep a hub running, where neither launchd nor systemd does.'
  static override readonly description = 'Started by install-agent. SIGTERM ends it, and the hub with it.'
  static override readonly examples = ['<%= config.bin %> hub supervise ~/.config/memory_sync/service/com.02luka.memory.hub.json']
  static override readonly args = { definition: Args.string({ required: true, description: 'What install-agent wrote.' }) }

  async run(): Promise<void> {
    const { args } = await this.parse(HubSupervise)
    const { supervise } = await import('../../service/supervise.js')
    await supervise(args.definition, environment())
  }
}
