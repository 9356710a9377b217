import { heldLeases } from '../cli/held-leases.js'
import { formatTable } from '../cli/table.js'
import { TaskCommand } from '../cli/task-command.js'
import { type AgentPresence, listAgents } from '../usecases/presence.js'

export default class Agents extends TaskCommand {
  static override readonly summary = 'Show the agents: who is there, and what they hold.'
  static override readonly description = `STATUS is what was seen, whatever the record says: offline, the record says so or its process on this machine is gone;
stale, not seen for 5 minutes; idle, the record says so or nothing was done for 30 minutes; else active. What the record says
stands behind it where it differs, and is not changed. While Redis is away nobody knows the leases: "?" (null).`
  static override readonly examples = ['<%= config.bin %> agents', '<%= config.bin %> agents --json | jq ".[].agent"']

  async run(): Promise<void> {
    const { flags } = await this.parse(Agents)
    const agents = await this.withTasks(flags, async (surroundings) =>
      listAgents(surroundings, await heldLeases(surroundings.memory)),
    )
    if (this.jsonEnabled()) await this.printReply(agents)
    else if (agents.length > 0) await this.print(formatTable(HEAD, agents.map(rowOf)))
  }
}

const HEAD = ['AGENT', 'STATUS', 'LAST SEEN', 'LAST PROGRESS', 'HOST', 'PID', 'LEASES', 'ITEMS']

/** A status is any text, and one that is long would push the other columns of every row off the screen. */
const MAX_SAID = 40

const saidOf = (status: string): string => {
  const characters = [...status]
  return characters.length <= MAX_SAID ? status : `${characters.slice(0, MAX_SAID - 2).join('')}..`
}

const rowOf = (row: AgentPresence): string[] => [
  row.agent,
  row.stored_status === null || row.stored_status === row.status ? row.status : `${row.status} (says ${saidOf(row.stored_status)})`,
  ...[row.last_seen, row.last_progress, row.host, row.pid?.toString()].map((text) => text ?? '-'),
  row.leases === null ? '?' : row.leases.join(',') || '-',
  row.items.join(',') || '-',
]
