import { BaseCommand } from '../cli/base-command.js'
import { dryRunFlag } from '../cli/installing.js'
import { environment, rootOf } from '../cli/open.js'

export default class Rollback extends BaseCommand {
  static override readonly summary = 'Take the installation back: every file as it was, no hub, no service.'
  static override readonly description = `From the record that the installation wrote. A file that somebody has changed since only loses our part, and that is
said. Data stays: context, journal, Redis, logs. Exit 1 when something could not be taken back.`
  static override readonly examples = ['<%= config.bin %> rollback --dry-run', '<%= config.bin %> rollback']
  static override readonly flags = { ...dryRunFlag }

  async run(): Promise<void> {
    const { flags } = await this.parse(Rollback)
    const dryRun = flags['dry-run']
    const [{ rollBack }, { formatUndone, openRollback }, { installerOptions }] = await Promise.all([
      import('../install/rollback.js'),
      import('../install/open-rollback.js'),
      import('../install/context.js'),
    ])
    const said: string[] = []
    const options = installerOptions({
      ...{ root: rootOf(flags).path, env: environment(), packageRoot: this.config.root, version: this.config.version },
      warn: (text) => said.push(text),
    })
    const rollback = await openRollback(options, { dryRun, say: (text) => said.push(text) })
    const done = await rollBack(rollback)
    if (this.jsonEnabled()) await this.printReply({ ok: done.left.length === 0, dryRun, ...done, notes: said })
    else await this.print([formatUndone(done), ...said].filter((text) => text !== '').join('\n'))
    if (done.left.length > 0) this.exit(1)
  }
}
