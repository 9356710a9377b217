import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { environment, openOptionsOf } from '../cli/open.js'

export default class Health extends BaseCommand {
  static override readonly summary = 'Check hub, Redis, file and journal, and say what to do.'
  static override readonly description = `Exit 1 exactly when a line begins with ❌. A warning (⚠️) and what is off by choice (-) do not count against the
score. --fix first repairs what is safe: it has a round done (edits are taken in, what cannot be read is set aside and restored, pending
writes are sent), makes missing folders, closes ours to other users, and moves away what processes that were killed have left. It keeps a copy of
what it touches, deletes nothing, and says what it did and what it left.`
  static override readonly examples = ['<%= config.bin %> health', '<%= config.bin %> health --fix', '<%= config.bin %> health --json']
  static override readonly flags = {
    fix: Flags.boolean({ description: 'Repair what is safe to repair before looking.', default: false }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Health)
    const options = openOptionsOf(flags)
    const [{ gatherFacts }, { examine, formatRepairs, formatReport }, { lookAtInstalled }, { installerOptions }] = await Promise.all([
      import('../memory/health-facts.js'),
      import('../health/report.js'),
      import('../install/look.js'),
      import('../install/context.js'),
    ])
    const fix = flags.fix ? await (await import('../memory/repair.js')).repair(options) : null
    const { root, version } = { root: options.root, version: this.config.version }
    const installed = await lookAtInstalled(installerOptions({ root, version, env: environment(), packageRoot: this.config.root, warn: () => undefined }))
    const report = examine(await gatherFacts({ ...options, version, installed }))
    if (this.jsonEnabled()) await this.printReply(fix === null ? report : { ...report, fix })
    else await this.print(`${fix === null ? '' : `${formatRepairs(fix)}\n\n`}${formatReport(report)}`)
    if (!report.healthy) this.exit(1)
  }
}
