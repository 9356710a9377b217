import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

const HOUR_MS = 3_600_000

/** An agent that works shows itself far more often than once an hour (a heartbeat is due every five minutes). */
const STALE_MS = HOUR_MS

export const staleAgents: Check = {
  name: 'stale-agents',
  section: 'Recent Activity',
  look({ agents, now }) {
    if (agents === null) return { level: 'off', text: 'Agents: not known here, see what could not be looked at' }
    const active = agents.filter(({ status }) => status === 'active')
    if (active.length === 0) return { level: 'off', text: 'No agent is active' }
    const stale = active.filter(({ seenAt }) => seenAt !== null && now - seenAt > STALE_MS)
    if (stale.length === 0) return { level: 'ok', text: `${active.length} active, all seen within the hour` }
    const shown = stale.map(({ name, seenAt }) => `${name} (${ageOf(now - (seenAt ?? 0))})`)
    return {
      level: 'warn',
      text: `Active, but not seen for more than an hour: ${someOf(shown)}`,
      wayOut: 'if one has ended, say so: memory_sync update AGENT offline',
    }
  },
}

function ageOf(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}
