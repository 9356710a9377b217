import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { ask } from '../cli/confirm.js'
import { dryRunFlag } from '../cli/installing.js'
import { environment, rootOf } from '../cli/open.js'
import { MemoryError } from '../errors/errors.js'
import type { Places } from '../install/places.js'

export default class Rollback extends BaseCommand {
  static override readonly summary = 'Take the installation back: every file as it was, no hub, no service.'
  static override readonly description = `From the record that the installation wrote. A file that somebody has changed since only loses our part, and that is
said. Data stays: context, journal, Redis, logs. --purge-data deletes them too, also where nothing is installed, as after a rollback that
has left them, when the path of the root is typed (or comes as a line on stdin); the keys in a Redis that is not ours stay. Exit 1 when
something could not be taken back.`
  static override readonly examples = ['<%= config.bin %> rollback --dry-run', '<%= config.bin %> rollback']
  static override readonly flags = {
    ...dryRunFlag,
    yes: Flags.boolean({ char: 'y', summary: 'Nothing is asked in any case, but for --purge-data: that takes the typed path.', default: false }),
    'purge-data': Flags.boolean({ summary: 'Delete the data too, after a typed confirmation.', default: false }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Rollback)
    const dryRun = flags['dry-run']
    const [{ rollBack }, { formatUndone, openRollback }, { installerOptions }] = await Promise.all([
      import('../install/rollback.js'),
      import('../install/open-rollback.js'),
      import('../install/context.js'),
    ])
    const said: string[] = []
    const root = rootOf(flags)
    const options = installerOptions({
      ...{ root: root.path, env: environment(), packageRoot: this.config.root, version: this.config.version },
      warn: (text) => said.push(text),
    })
    const rollback = await openRollback(options, root, { dryRun, purges: flags['purge-data'], say: (text) => said.push(text) })
    const purged = flags['purge-data'] ? await this.dataToPurge({ ...options.places, root: rollback.record.root }, dryRun) : []
    const done = await rollBack({ ...rollback, purged })
    if (this.jsonEnabled()) await this.printReply({ ok: done.left.length === 0, dryRun, ...done, notes: said })
    else await this.print([formatUndone(done, rollback), ...said].filter((text) => text !== '').join('\n'))
    if (done.left.length > 0) this.exit(1)
  }

  /** Throws MemoryError `usage` when the root's path was not typed. */
  private async dataToPurge(places: Places, dryRun: boolean): Promise<string[]> {
    const data = (await import('../install/purge.js')).dataOf(places)
    if (dryRun) return data
    const question = `${['This deletes the data for good:', ...data].join('\n  ')}\nType the path of the root (${places.root}) to go on: `
    if ((await ask(this.jsonEnabled() ? '' : question)) === places.root) return data
    throw new MemoryError('usage', `the path of the root (${places.root}) was not typed: nothing was undone`)
  }
}
