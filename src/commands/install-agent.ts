import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { dryRunFlag, serviceFlags } from '../cli/installing.js'
import { environment, rootOf } from '../cli/open.js'
import { showSteps } from '../cli/steps.js'
import type { ResolvedRoot } from '../config/root.js'
import { MemoryError } from '../errors/errors.js'
import type { Installer, InstallerOptions } from '../install/installer.js'
import type { StageOutcome } from '../install/stages.js'

export default class InstallAgent extends BaseCommand {
  static override readonly summary = 'Have the hub of this root run for good: launchd, systemd, or a supervisor where there is neither.'
  static override readonly description = `The program is copied to its own place first, so that the service never points into a clone. It is done when the hub
answers out of the service, and not merely when the service is listed. "rollback", or --uninstall, takes it back.`
  static override readonly examples = [
    '<%= config.bin %> install-agent',
    '<%= config.bin %> install-agent --print',
    '<%= config.bin %> install-agent --uninstall',
  ]
  static override readonly flags = {
    ...serviceFlags,
    ...dryRunFlag,
    print: Flags.boolean({ summary: 'Print the definition of the service, and do nothing.', default: false, exclusive: ['uninstall'] }),
    uninstall: Flags.boolean({ summary: 'End the service and remove it.', default: false }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(InstallAgent)
    const [{ Installer }, { installerOptions }] = await Promise.all([import('../install/installer.js'), import('../install/context.js')])
    const warnings: string[] = []
    const root = rootOf(flags)
    const options = installerOptions({
      ...{ root: root.path, env: environment(), packageRoot: this.config.root, version: this.config.version },
      warn: (text) => warnings.push(text),
    })
    if (flags.uninstall) return this.uninstall(options, root, flags['dry-run'])
    const installer = Installer.open(options)
    const choice = { label: flags.label, manager: flags.service }
    if (flags.print) return this.printDefinition(await installer.service(choice))
    const { formatPlan, installing, planReply, planStages, shownStages } = await import('../install/progress.js')
    const stages = [installer.programStage(), await installer.serviceStage(choice)]
    if (flags['dry-run']) {
      const planned = await planStages(stages)
      return this.jsonEnabled() ? this.printReply(planReply(planned)) : void (await this.print(formatPlan(planned)))
    }
    const outcomes: StageOutcome[] = []
    await installing(installer, () => showSteps(shownStages(installer, stages, outcomes), { silent: this.jsonEnabled() }))
    for (const warning of warnings) await this.note(`Warning: ${warning}`)
    await this.printReply({ ok: true, stages: outcomes, warnings })
  }

  private async printDefinition({ manager, spec }: Awaited<ReturnType<Installer['service']>>): Promise<void> {
    const { files } = manager.definition(spec)
    if (this.jsonEnabled()) return this.printReply({ manager: manager.kind, files })
    for (const { text } of files) await this.print(text.trimEnd())
  }

  private async uninstall(options: InstallerOptions, root: ResolvedRoot, dryRun: boolean): Promise<void> {
    const [{ removeService }, { formatUndone, openRollback }] = await Promise.all([
      import('../install/rollback.js'),
      import('../install/open-rollback.js'),
    ])
    const rollback = await openRollback(options, root, { dryRun, say: (text) => void this.note(text) })
    if (rollback.record.service === null) throw new MemoryError('absent', 'no service is installed')
    const done = await removeService(rollback)
    if (this.jsonEnabled()) await this.printReply({ ok: done.left.length === 0, dryRun, ...done })
    else await this.print(formatUndone(done, rollback))
    if (done.left.length > 0) this.exit(1)
  }
}
