import { BaseCommand } from '../../cli/base-command.js'
import { rootOf } from '../../cli/open.js'
import { MemoryError } from '../../errors/errors.js'

export default class HubStop extends BaseCommand {
  static override readonly summary = 'End the hub of this root, and wait until it is gone.'
  static override readonly description = 'It finishes what it is doing. Exit 1 when none runs, or when it does not end.'
  static override readonly examples = ['<%= config.bin %> hub stop']

  async run(): Promise<void> {
    const { flags } = await this.parse(HubStop)
    const root = rootOf(flags).path
    const [{ stopHub }, { rootFilesOf }] = await Promise.all([
      import('../../hub/control.js'),
      import('../../memory/engine.js'),
    ])
    const keeperPid = async (): Promise<number | null> => (await rootFilesOf(root).lock.holder())?.pid ?? null
    const stopped = await stopHub(root, { keeperPid })
    if (stopped === null) throw new MemoryError('absent', `no hub runs for ${root}`)
    if (this.jsonEnabled()) await this.printReply({ ok: true, pid: stopped.pid })
    else await this.print(`the hub (pid ${stopped.pid}) has ended`)
  }
}
