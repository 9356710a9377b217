import { describe, expect, it } from 'vitest'
import { formatStatus, type Status } from '../../../src/cli/status-format.js'

const online: Status = {
  root: '/srv/02luka',
  redis: 'online',
  redisUrl: 'redis://localhost:6379',
  namespace: 'memory',
  redisReason: null,
  redisLatencyMs: 0.31,
  hub: { running: true, pid: 77, version: '1.0.0', startedAt: '2025-11-12T08:26:25.120+07:00' },
  rev: 42,
  epoch: 'e',
  pending: 0,
  fileIsCurrent: true,
  agents: 8,
}

const lines = (status: Partial<Status>): string[] => formatStatus({ ...online, ...status }).split('\n')

describe('status for people', () => {
  it('begins with the lines of the older redis-status and ends with a verdict', () => {
    const shown = lines({})
    expect(shown.slice(0, 4).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'Connection: connected',
      'Enabled: yes',
      'Helper Available: yes (built in)',
      'URL: redis://localhost:6379',
    ])
    expect(shown.at(-1)).toBe('✅ Redis connected')
  })

  it('is green only when everything of this machine is there', () => {
    expect(lines({ pending: 3 }).at(-1)).toBe('⚠️ Redis connected, 3 writes of this machine are not there yet')
    expect(lines({ redis: 'away', redisReason: 'refused' }).at(-1)).toMatch(/^❌ Redis is away/)
    expect(lines({ redis: 'off' }).at(-1)).toMatch(/^- Redis is off/)
  })

  it('says why Redis is away, who carries the writes, and what lags', () => {
    const shown = lines({
      redis: 'away',
      redisReason: 'it refuses',
      hub: { ...online.hub, running: false },
      pending: 2,
      fileIsCurrent: false,
    }).join('\n')
    expect(shown).toMatch(/Connection: +not connected \(it refuses\)/)
    expect(shown).toMatch(/Mode: +files, no hub answers/)
    expect(shown).toMatch(/Lag: +2 pending, context.json is behind/)
    expect(lines({}).join('\n')).toMatch(/Mode: +hub \(pid 77\)/)
    expect(lines({ hub: { ...online.hub, running: false } }).join('\n')).toMatch(/Mode: +direct/)
  })
})
