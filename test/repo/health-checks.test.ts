import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/health/all-checks.js'
import { HEALTH_CASES } from '../support/health-cases.js'

/** Has nothing to look at in this version: it is shown so that its section is there. */
const NOTHING_YET = ['hooks']

describe('the health checks', () => {
  it('are each made to go red, and well again', () => {
    const tried = new Set(HEALTH_CASES.filter(({ is }) => is === 'bad' || is === 'warn').map(({ check }) => check))
    const untried = CHECKS.map(({ name }) => name).filter((name) => !tried.has(name) && !NOTHING_YET.includes(name))
    expect(untried).toEqual([])
  })

  it('are in no table that has more of them than there are', () => {
    const names = new Set(CHECKS.map(({ name }) => name))
    expect(HEALTH_CASES.map(({ check }) => check).filter((check) => !names.has(check))).toEqual([])
    expect(names.size).toBe(CHECKS.length)
  })
})
