import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/health/all-checks.js'
import { HEALTH_CASES } from '../support/health-cases.js'
import { INSTALLED_CASES } from '../support/installed-cases.js'

/** Of a root, and of what is installed for it. */
const CASES = [...HEALTH_CASES, ...INSTALLED_CASES]

describe('the health checks', () => {
  it('are each made to go red, and well again', () => {
    const tried = new Set(CASES.filter(({ is }) => is === 'bad' || is === 'warn').map(({ check }) => check))
    const untried = CHECKS.map(({ name }) => name).filter((name) => !tried.has(name))
    expect(untried).toEqual([])
  })

  it('are in no table that has more of them than there are', () => {
    const names = new Set(CHECKS.map(({ name }) => name))
    expect(CASES.map(({ check }) => check).filter((check) => !names.has(check))).toEqual([])
    expect(names.size).toBe(CHECKS.length)
  })
})
