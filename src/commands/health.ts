import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { openOptionsOf } from '../cli/open.js'

export default class Health extends BaseCommand {
  static override readonly summary = 'Check hub, Redis, file and journal, and say what to do.'
  static override readonly description = `Exit 1 exactly when a line begins with ❌. A warning (⚠️) and what is off by choice (-) do not count against the
score. --fix has a round done first: edits are taken in, what cannot be read is set aside and restored, pending writes are sent.`
  static override readonly examples = ['<%= config.bin %> health', '<%= config.bin %> health --fix', '<%= config.bin %> health --json']
  static override readonly flags = {
    fix: Flags.boolean({ description: 'Repair what is safe to repair before looking.', default: false }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Health)
    const [{ gatherFacts }, { examine, formatReport }] = await Promise.all([
      import('../memory/health-facts.js'),
      import('../health/report.js'),
    ])
    const report = examine(await gatherFacts(openOptionsOf(flags), flags.fix))
    if (this.jsonEnabled()) await this.printReply(report)
    else await this.print(formatReport(report))
    if (!report.healthy) this.exit(1)
  }
}
