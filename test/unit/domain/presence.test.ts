import { describe, expect, it } from 'vitest'
import { IDLE_MS, presenceOf, STALE_MS } from '../../../src/domain/presence.js'

const NOW = Date.UTC(2025, 11, 6)
const DAY = 24 * 3_600_000
const signs = (status: string, seenAgo: number, progressAgo = seenAgo): Parameters<typeof presenceOf>[0] => ({
  ...{ status, lastSeen: NOW - seenAgo, lastProgress: NOW - progressAgo, isGone: false },
})

describe('an agent', () => {
  it('that says active and was last seen 24 days ago is stale', () => {
    expect(presenceOf(signs('active', 24 * DAY), NOW)).toBe('stale')
  })

  it('is active while it is seen and does something', () => {
    expect(presenceOf(signs('busy', STALE_MS, IDLE_MS), NOW)).toBe('active')
    expect(presenceOf(signs('busy', STALE_MS + 1), NOW)).toBe('stale')
    expect(presenceOf(signs('busy', 0, IDLE_MS + 1), NOW)).toBe('idle')
  })

  it('is idle when it says so, offline when it says so or its process is gone, and stale when it was never seen', () => {
    expect(presenceOf(signs('idle', 0), NOW)).toBe('idle')
    expect(presenceOf(signs('offline', 0), NOW)).toBe('offline')
    expect(presenceOf({ ...signs('active', 0), isGone: true }, NOW)).toBe('offline')
    expect(presenceOf({ ...signs('active', 0), lastSeen: undefined }, NOW)).toBe('stale')
  })
})
