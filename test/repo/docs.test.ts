import {describe, expect, it} from 'vitest'
import {CHECKS} from '../../src/health/all-checks.js'
import {EXIT_CODES} from '../../src/verbs/exit-codes.js'
import {HEALTH_CASES} from '../support/health-cases.js'
import {INSTALLED_CASES} from '../support/installed-cases.js'
import {read} from './repository.js'

const CASES = [...HEALTH_CASES, ...INSTALLED_CASES]
const MARKS = {bad: '❌', warn: '⚠️'} as const

/** Rows of tables whose first cell is code: that cell, and the others. */
function rowsOf(document: string): [name: string, cells: string[]][] {
  return read(document)
    .split('\n')
    .flatMap((line) => {
      const name = /^\| `([\w-]+)` \|/.exec(line)?.[1]
      return name === undefined ? [] : [[name, line.split('|').slice(2, -1).map((cell) => cell.trim())] as [string, string[]]]
    })
}

describe('docs/errors.md', () => {
  it('has every error code with its exit code, and none besides, each with what it means and a way out', () => {
    const rows = rowsOf('docs/errors.md')
    expect(Object.fromEntries(rows.map(([code, [exit]]) => [code, Number(exit)]))).toEqual(EXIT_CODES)
    expect(rows.filter(([, cells]) => cells.length !== 3 || cells.includes(''))).toEqual([])
  })

  it('is named with each exit code in README', () => {
    const listed = /^Exit codes: [^]*?\n\n/m.exec(read('README.md'))?.[0] ?? ''
    const missing = Object.values(EXIT_CODES).filter((code) => !new RegExp(`\\b${code} `).test(listed))
    expect(missing).toEqual([])
  })
})

describe('docs/operations.md', () => {
  const rows = new Map(rowsOf('docs/operations.md'))

  it('has every check of health, and none besides', () => {
    const names = CHECKS.map(({name}) => name)
    expect([...rows.keys()].sort()).toEqual(names.sort())
  })

  it('says of each check how it can stand, as the tests make it', () => {
    const levels = (name: string): string[] =>
      Object.entries(MARKS).flatMap(([level, mark]) => (CASES.some(({check, is}) => check === name && is === level) ? [mark] : []))
    const wrong = [...rows].filter(([name, [line]]) => levels(name).some((mark) => line?.includes(mark) !== true))
    expect(wrong).toEqual([])
  })
})
