import { expect, test } from 'vitest'
import { RoundFailures } from '../../../src/core/round-failures.js'

const refused = (file: string): Error => Object.assign(new Error(`ENOSPC: no space left on device, open '${file}'`), { code: 'ENOSPC', syscall: 'open' })

test('what makes rounds fail is told once until one succeeds, and another reason is told as well', () => {
  const told: string[] = []
  const failures = new RoundFailures((level, text) => told.push(`${level} ${text}`))
  failures.succeeded()
  for (const file of ['.a.tmp', '.b.tmp', '.c.tmp']) failures.failed(refused(file))
  for (let i = 0; i < 2; i++) failures.failed(new Error('out of order'))
  failures.failed(refused('.d.tmp'))
  failures.succeeded()
  failures.succeeded()
  failures.failed(refused('.e.tmp'))
  expect(told).toEqual([
    "error a round failed: ENOSPC: no space left on device, open '.a.tmp'",
    'error a round failed: out of order',
    'info rounds succeed again, after 6 that failed',
    "error a round failed: ENOSPC: no space left on device, open '.e.tmp'",
  ])
})

test('reasons that are others each time are told up to a number', () => {
  const told: string[] = []
  const failures = new RoundFailures((_, text) => told.push(text))
  for (let i = 0; i < 100; i++) failures.failed(new Error(`at ${i}`))
  expect(told).toHaveLength(20)
  failures.succeeded()
  failures.failed(new Error('at 0'))
  expect(told).toHaveLength(22)
})

test('the pause after each that fails is longer, up to a second, and short again after one that succeeds', () => {
  const failures = new RoundFailures(() => undefined)
  const pauses = Array.from({ length: 6 }, () => failures.failed(refused('x')))
  expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000])
  failures.succeeded()
  expect(failures.failed(refused('x'))).toBe(100)
})
