import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { ask, isInteractive } from '../cli/confirm.js'
import { dryRunFlag, serviceFlags } from '../cli/installing.js'
import { environment, rootOf } from '../cli/open.js'
import { showSteps } from '../cli/steps.js'
import type { Everything } from '../install/everything.js'
import type { Installer } from '../install/installer.js'
import type { HealthReport } from '../install/proof.js'
import type { StageOutcome } from '../install/stages.js'

export default class Install extends BaseCommand {
  static override readonly summary = 'Install for good: program, settings, hooks, service; then prove that it works.'
  static override readonly description = `Finds a Redis (or runs a private one, or uses files only), adopts the context that is there, and has the hub run for
good. What is changed is written down before: "rollback" gives everything back as it was. Run it again to repair or to
upgrade; stopped anywhere, it goes on where it was. On a terminal it shows the plan and asks before it begins. Elsewhere
(a pipe, cron, a container) and with --json it goes on: nobody could answer.`
  static override readonly examples = [
    '<%= config.bin %> install --dry-run',
    '<%= config.bin %> install --yes',
    '<%= config.bin %> install --redis managed',
  ]
  static override readonly flags = {
    redis: Flags.option({
      summary: 'Which Redis: one that answers, a private one that the hub runs, or none. By default what there is, in this order.',
      options: ['auto', 'external', 'managed', 'off'] as const,
    })(),
    'mary-script': Flags.string({ summary: "Mary's dispatcher, where it is in none of the usual places.", helpValue: 'FILE' }),
    'rnd-script': Flags.string({ summary: 'The R&D consumer, where it is not in its usual place.', helpValue: 'FILE' }),
    ...serviceFlags,
    ...dryRunFlag,
    yes: Flags.boolean({ char: 'y', summary: 'Do not ask.', default: false }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Install)
    const [{ Installer }, { installerOptions }, { everything }, progress] = await Promise.all([
      import('../install/installer.js'),
      import('../install/context.js'),
      import('../install/everything.js'),
      import('../install/progress.js'),
    ])
    const warnings: string[] = []
    const installer = Installer.open(
      installerOptions({
        ...{ root: rootOf(flags).path, env: environment(), packageRoot: this.config.root, version: this.config.version },
        warn: (text) => warnings.push(text),
      }),
    )
    const all = await everything(installer, {
      ...{ redis: flags.redis, redisUrl: flags['redis-url'], redisPasswordFile: flags['redis-password-file'] },
      ...{ maryScript: absolute(flags['mary-script']), rndScript: absolute(flags['rnd-script']) },
      ...{ label: flags.label, manager: flags.service },
    })
    const asks = !flags.yes && !this.jsonEnabled() && isInteractive()
    const planned = flags['dry-run'] || asks ? await progress.planStages(all.stages) : []
    if (flags['dry-run'] && this.jsonEnabled()) return this.printReply(progress.planReply(planned))
    if (flags['dry-run']) return void (await this.print(progress.formatPlan(planned)))
    if (asks) {
      await this.note(`${progress.formatPlan(planned)}\n`)
      if (!/^y(es)?$/i.test(await ask('Install? [y/N] '))) return this.note('nothing was done')
    }
    await this.install(installer, all, warnings, progress)
  }

  private async install(installer: Installer, all: Everything, warnings: string[], progress: typeof import('../install/progress.js')): Promise<void> {
    const outcomes: StageOutcome[] = []
    const shown = progress.shownStages(installer, [...all.stages, ...all.proof], outcomes)
    await progress.installing(installer, () => showSteps(shown, { silent: this.jsonEnabled() }))
    for (const warning of warnings) await this.note(`Warning: ${warning}`)
    const health = all.health()
    const healthy = health?.healthy === true
    if (this.jsonEnabled()) await this.printReply({ ok: healthy, stages: outcomes, warnings, health })
    else await this.print(verdict(health, installer))
    if (!healthy) this.exit(1)
  }
}

const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path))

function verdict(health: HealthReport | null, { options: { places } }: Installer): string {
  if (health?.healthy === true) {
    return `✅ memory_sync is installed for ${places.root}: health ${health.score}% (${health.passed}/${health.counted})\n   "memory_sync rollback" takes it back`
  }
  const bad = (health?.findings ?? []).filter(({ level }) => level === 'bad')
  const lines = bad.flatMap(({ text, wayOut }) => [`   ❌ ${text}`, ...(wayOut === undefined ? [] : [`      → ${wayOut}`])])
  return [`❌ memory_sync is installed for ${places.root}, and not healthy:`, ...lines].join('\n')
}
