import { describe, expect, it } from 'vitest'
import { conditionsOf, numberText, wholeNumber } from '../../../src/cli/conditions.js'
import { seconds } from '../../../src/cli/watching.js'

describe('the conditions of a write', () => {
  it('are left out where no flag was given', () => {
    expect(conditionsOf({})).toEqual({})
  })

  it('take a fence apart at the last colon, because names hold colons', () => {
    expect(conditionsOf({ fence: 'merge:main:7', 'if-rev': '0', 'idempotency-key': 'k' })).toEqual({
      ...{ ifRev: 0, fence: { name: 'merge:main', fence: 7 }, idempotencyKey: 'k' },
    })
  })

  it.each([
    [{ fence: 'merge' }],
    [{ fence: ':7' }],
    [{ fence: 'merge:' }],
    [{ fence: 'merge:-1' }],
    [{ 'if-rev': '' }],
    [{ 'if-rev': '1.5' }],
    [{ 'if-rev': '9007199254740993' }],
    [{ 'idempotency-key': '' }],
  ])('refuse %j', (flags) => {
    expect(() => conditionsOf(flags)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('say where a fence comes from, where something else is given', () => {
    const suggestions = [expect.stringContaining('lock acquire') as string]
    expect(() => conditionsOf({ fence: 'merge' })).toThrow(expect.objectContaining({ suggestions }))
  })
})

describe('numbers of the command line', () => {
  it('are kept as they were written', () => {
    expect(['1.10', '1E5', '-0', '12345678901234567890'].map((text) => numberText('--score', text))).toEqual([
      '1.10',
      '1E5',
      '-0',
      '12345678901234567890',
    ])
  })

  it.each(['', 'x', '1.', '.5', '01', '0x10', 'NaN', ' 1'])('are refused where they are none: %j', (text) => {
    expect(() => numberText('--score', text)).toThrow(/--score expects a number/)
  })

  it('are whole where they count', () => {
    expect(wholeNumber('--count', '3')).toBe(3)
    expect(() => wholeNumber('--count', '-3')).toThrow(/whole number/)
  })

  it('are seconds with a fraction where they are a time, and never more than a timer takes', () => {
    expect(seconds('--timeout', '0.25')).toBe(250)
    expect(seconds('--timeout', '99999999999')).toBe(2 ** 31 - 1)
    expect(() => seconds('--timeout', '-1')).toThrow(/expects seconds/)
  })
})
