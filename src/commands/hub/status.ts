import { BaseCommand } from '../../cli/base-command.js'
import { rootOf } from '../../cli/open.js'
import type { HubState } from '../../client/control.js'

export default class HubStatus extends BaseCommand {
  static override readonly summary = 'Ask the hub of this root how it is.'
  static override readonly description = 'Exit 1 when none runs, or when it does not answer.'
  static override readonly examples = ['<%= config.bin %> hub status', '<%= config.bin %> hub status --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(HubStatus)
    const root = rootOf(flags).path
    const [{ hubStatus }, { rootFilesOf }] = await Promise.all([
      import('../../client/control.js'),
      import('../../memory/engine.js'),
    ])
    const keeperPid = async (): Promise<number | null> => (await rootFilesOf(root).lock.holder())?.pid ?? null
    const state = await hubStatus(root, { keeperPid })
    if (this.jsonEnabled()) await this.printReply(replyOf(state))
    else await this.print(textOf(state, root))
    if (state.is !== 'running') this.exit(1)
  }
}

function replyOf(state: HubState): object {
  switch (state.is) {
    case 'running':
      return {
        running: true,
        pid: state.hub.pid,
        version: state.hub.version,
        startedAt: state.hub.startedAt,
        status: state.status,
      }
    case 'other-protocol':
      return {
        running: true,
        pid: state.hub.pid,
        version: state.hub.version,
        startedAt: state.hub.startedAt,
        usable: false,
      }
    case 'silent':
      return { running: true, pid: state.pid, answers: false }
    case 'absent':
      return { running: false }
  }
}

function textOf(state: HubState, root: string): string {
  switch (state.is) {
    case 'running': {
      const { pid, version, startedAt } = state.hub
      const { rev, pending, redis } = state.status
      return `✅ hub running: pid ${pid}, version ${version}, since ${startedAt}\n   revision ${rev}, ${pending} pending, Redis ${redis}`
    }
    case 'other-protocol':
      return `❌ a hub of version ${state.hub.version} runs (pid ${state.hub.pid}) that this version cannot talk to: restart it`
    case 'silent':
      return `❌ the hub${state.pid === null ? '' : ` (pid ${state.pid})`} does not answer: it is suspended, or it hangs`
    case 'absent':
      return `❌ no hub runs for ${root}`
  }
}
