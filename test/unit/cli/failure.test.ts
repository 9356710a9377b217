import { Errors } from '@oclif/core'
import { describe, expect, it } from 'vitest'
import { toWireError } from '../../../src/client/protocol.js'
import { exitCodeOf, exitCodeOfSignal } from '../../../src/verbs/exit-codes.js'
import { failureOf } from '../../../src/cli/failure.js'
import { formatFailure, formatFailureJson } from '../../../src/verbs/failure-text.js'
import { formatJson } from '../../../src/verbs/json.js'
import { parseTreeMap } from '../../../src/domain/json.js'
import { type ErrorCode, MemoryError } from '../../../src/errors/errors.js'

describe('exit codes', () => {
  it.each<[ErrorCode, number]>([
    ['absent', 1],
    ['failed', 1],
    ['usage', 2],
    ['config', 4],
    ['timeout', 11],
    ['stale-fence', 14],
    ['conflict', 20],
    ['unavailable', 69],
    ['unknown-outcome', 69],
    ['internal', 70],
  ])('of %s is %d', (code, exit) => {
    expect(exitCodeOf(code)).toBe(exit)
  })

  it('of signals are 128 + n', () => {
    expect([exitCodeOfSignal('SIGHUP'), exitCodeOfSignal('SIGINT'), exitCodeOfSignal('SIGQUIT'), exitCodeOfSignal('SIGTERM')]).toEqual([
      129, 130, 131, 143,
    ])
  })
})

describe('a failure', () => {
  it('says to a person what happened, why, and what to do', () => {
    const error = new MemoryError('conflict', 'it has changed', { suggestions: ['read it again', 'wait'] })
    expect(formatFailure(error, 'Error')).toBe('Error: it has changed\n  - read it again\n  - wait\n')
  })

  it('has one shape as JSON, with documents in it as they are', () => {
    const current = parseTreeMap('{"n":12345678901234567890,"s":"5","o":{}}')
    const error = new MemoryError('conflict', 'x', { details: { rev: 3, current, paths: ['/a'] } })
    expect(formatFailureJson(error)).toBe(
      '{"error":{"code":"conflict","message":"x","suggestions":[],"details":{"rev":3,"current":{"n":12345678901234567890,"s":"5","o":{}},"paths":["/a"]}}}',
    )
  })

  it('is usage when oclif refuses the call, in one short line and without its internals', () => {
    const parse = Object.assign(new Errors.CLIError('Nonexistent flag: --hekp\nSee more help with --help'), {
      parse: { input: 'x'.repeat(10_000) },
    })
    const failure = failureOf(parse)
    expect(failure).toMatchObject({ code: 'usage', message: 'Nonexistent flag: --hekp', details: {} })
    expect(formatFailureJson(failure).length).toBeLessThan(300)
    expect(failureOf(new Errors.CLIError('command hub:x not found')).message).toBe('there is no command "hub x"')
  })

  it('of a call has always something to do; for who calls the library that is no flag', () => {
    const error = new MemoryError('usage', 'it is none', { details: { a: 1 } })
    expect(error.suggestions).toEqual([])
    expect(failureOf(error)).toMatchObject({ code: 'usage', message: 'it is none', suggestions: ['add --help to see how it is called'], details: { a: 1 } })
    expect(failureOf(new MemoryError('usage', 'it is none', { suggestions: ['this'] })).suggestions).toEqual(['this'])
  })

  it.each(['ENOSPC', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ELOOP', 'ENOTDIR', 'EISDIR'])(
    'is a disk that cannot be used when a file is refused with %s',
    (code) => {
      const refused = Object.assign(new Error(`${code}: why, open '/place/state.json'`), { code, syscall: 'open', path: '/place/state.json' })
      const failure = failureOf(refused)
      expect(failure).toMatchObject({ code: 'unavailable', message: `/place/state.json cannot be used: ${code}: why`, cause: refused })
      expect(formatFailure(failure, 'Error')).toMatch(/^Error: .*\n {2}- .*, then repeat the command\n {2}- memory_sync health .*\n$/)
      expect(toWireError(refused)).toMatchObject({ code: 'unavailable', message: failure.message, suggestions: failure.suggestions })
    },
  )

  it.each([
    { code: 'ENOENT', syscall: 'open', path: '/place/state.json' },
    { code: 'EACCES', syscall: 'spawn sh', path: 'sh' },
    { code: 'EACCES', syscall: 'connect', address: '/place/hub.sock' },
    { code: 'EPERM', syscall: 'kill' },
  ])('is our bug where no disk refused a file: %j', (facts) => {
    expect(failureOf(Object.assign(new Error('why'), facts)).code).toBe('internal')
  })

  it('is our bug when it is anything else, with the trace for whoever mends it', () => {
    const failure = failureOf(new TypeError('x is undefined'))
    expect(failure.code).toBe('internal')
    expect(formatFailure(failure, 'Error')).toContain('at ')
  })
})

describe('the JSON of replies', () => {
  it('leaves out what is undefined and keeps null', () => {
    expect(formatJson({ a: undefined, b: null, c: [1, undefined], d: 'x', e: true })).toBe(
      '{"b":null,"c":[1,null],"d":"x","e":true}',
    )
  })
})
