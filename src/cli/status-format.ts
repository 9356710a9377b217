/** `status` for people; the first lines are those of the older `redis-status`. */
import type { Surroundings } from '../usecases/surroundings.js'

export type Status = Awaited<ReturnType<Surroundings['memory']['status']>>

export function formatStatus(status: Status): string {
  const { redis, redisUrl, redisReason, redisLatencyMs, pending, fileIsCurrent } = status
  const rows: [string, string][] = [
    [
      'Connection',
      redis === 'online' ? 'connected' : redis === 'away' ? `not connected${because(redisReason)}` : 'off',
    ],
    ['Enabled', redis === 'off' ? 'no' : 'yes'],
    ['Helper Available', 'yes (built in)'],
    ['URL', redisUrl ?? '-'],
    ['Mode', modeOf(status)],
    ['Latency', redisLatencyMs === null ? '-' : `${redisLatencyMs.toFixed(1)} ms`],
    ['Lag', `${pending} pending${fileIsCurrent ? '' : ', context.json is behind'}`],
    ['Revision', String(status.rev)],
    ['Agents', String(status.agents)],
    ['Root', status.root],
  ]
  const width = Math.max(...rows.map(([name]) => name.length)) + 1
  return [...rows.map(([name, value]) => `${`${name}:`.padEnd(width)} ${value}`), '', verdictOf(status)].join('\n')
}

const because = (reason: string | null): string => (reason === null ? '' : ` (${reason})`)

function modeOf({ hub, redis }: Status): string {
  if (hub.running) return `hub${hub.pid === null ? '' : ` (pid ${hub.pid})`}`
  return redis === 'online' ? 'direct, no hub answers' : 'files, no hub answers'
}

function verdictOf({ redis, pending }: Status): string {
  switch (redis) {
    case 'online':
      return pending === 0
        ? '✅ Redis connected'
        : `⚠️ Redis connected, ${pending} writes of this machine are not there yet`
    case 'away':
      return '❌ Redis is away: writes are kept on this machine, and sent when it is back'
    case 'off':
      return '- Redis is off: writes are kept on this machine'
  }
}
