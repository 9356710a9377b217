import { BaseCommand } from '../../cli/base-command.js'
import { environment, rootOf } from '../../cli/open.js'
import { MemoryError } from '../../errors/errors.js'
import type { RunningService } from '../../install/running-service.js'

export default class HubStop extends BaseCommand {
  static override readonly summary = 'End the hub of this root, and wait until it is gone.'
  static override readonly description = `It finishes what it is doing. A hub that runs as a service is ended as one, and is not started again until the next
login, or "install-agent". Exit 1 when none runs, or when it does not end.`
  static override readonly examples = ['<%= config.bin %> hub stop']

  async run(): Promise<void> {
    const { flags } = await this.parse(HubStop)
    const root = rootOf(flags).path
    const [{ stopHub }, { rootFilesOf }] = await Promise.all([
      import('../../client/control.js'),
      import('../../memory/engine.js'),
    ])
    const service = await this.serviceOf(root)
    if (service !== null) {
      await service.stop()
      if (this.jsonEnabled()) await this.printReply({ ok: true, pid: service.pid, service: service.label })
      else await this.print(`the service ${service.label} (pid ${service.pid}) has ended`)
      return
    }
    const keeperPid = async (): Promise<number | null> => (await rootFilesOf(root).lock.holder())?.pid ?? null
    const stopped = await stopHub(root, { keeperPid })
    if (stopped === null) throw noHub(root)
    if (this.jsonEnabled()) await this.printReply({ ok: true, pid: stopped.pid })
    else await this.print(`the hub (pid ${stopped.pid}) has ended`)
  }

  /** Where a service manager runs the hub, ending the process alone would start the next one. */
  private async serviceOf(root: string): Promise<RunningService | null> {
    const [{ installerOptions }, { runningService }] = await Promise.all([
      import('../../install/context.js'),
      import('../../install/running-service.js'),
    ])
    const { root: packageRoot, version } = this.config
    try {
      return await runningService(installerOptions({ root, env: environment(), packageRoot, version, warn: () => undefined }))
    } catch (error) {
      if (!(error instanceof MemoryError) || error.code !== 'config') throw error
      await this.note(`whether a service starts the hub again is not known: ${error.message}`)
      return null
    }
  }
}

const noHub = (root: string): MemoryError =>
  new MemoryError('absent', `no hub runs for ${root}`, {
    suggestions: ['there is nothing to end; memory_sync where shows which root is meant'],
  })
