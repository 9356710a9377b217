import { describe, expect, test } from 'vitest'
import { CHECKS } from '../../../src/health/all-checks.js'
import { contextFile } from '../../../src/health/checks/context-file.js'
import { fileLag } from '../../../src/health/checks/file-lag.js'
import { hub } from '../../../src/health/checks/hub.js'
import { modes } from '../../../src/health/checks/modes.js'
import { oneHub } from '../../../src/health/checks/one-hub.js'
import { redisConnection } from '../../../src/health/checks/redis-connection.js'
import { command } from '../../../src/health/checks/command.js'
import { redisOfHub } from '../../../src/health/checks/redis-hub.js'
import { service } from '../../../src/health/checks/service.js'
import type { StoreUnavailable } from '../../../src/errors/errors.js'
import { anotherServer, explain, silent } from '../../../src/store/redis/failures.js'
import type { Facts } from '../../../src/health/facts.js'

const facts = (some: object): Facts => some as unknown as Facts
const ONLINE = { redis: 'online', redisUrl: 'unix:///r.sock', namespace: 'memory', redisReason: null, redisLatencyMs: 1 }
const STOPPED = { is: 'silent', pid: 7 }

describe('a check says what is so', () => {
  test('of a hub that has a Redis where this command is to use none: that their settings differ', () => {
    const none = { ...ONLINE, redis: 'off', redisUrl: null }
    const status = { ...none, redis: 'away', redisReason: 'it looks for one' }
    const { level, wayOut } = redisOfHub.look(facts({ own: none, hub: { is: 'running', status } }))
    expect(level).toBe('bad')
    expect(wayOut).toContain('same settings')
  })

  test('of the installed command, where its folder is not on the PATH: not that a shell finds it', () => {
    const installed = { command: { path: '/home/x/.local/bin/memory_sync', isOnPath: false, before: null } }
    expect(command.look(facts({ installed }))).toEqual({ level: 'off', text: expect.stringContaining('is not on this PATH') })
  })

  test('of a hub that Redis refuses: why, and not that its address is another', () => {
    const status = { ...ONLINE, redis: 'away', redisReason: 'OOM command not allowed' }
    const { level, text, wayOut } = redisOfHub.look(facts({ own: ONLINE, hub: { is: 'running', status } }))
    expect(level).toBe('bad')
    expect(text).toContain('OOM command not allowed')
    expect(`${text}${wayOut ?? ''}`).not.toMatch(/same settings|unix:/)
  })

  test('of a private Redis: the hub is who starts it', () => {
    const own = { ...ONLINE, redis: 'away', redisReason: 'ENOENT', redisLatencyMs: null }
    const wayOut = (isPrivateRedis: boolean, hub: object): string => redisConnection.look(facts({ own, hub, redisFailure: null, isPrivateRedis })).wayOut ?? ''
    expect(wayOut(false, { is: 'absent' })).toContain('start Redis')
    expect(wayOut(true, { is: 'absent' })).toContain('start the hub')
    expect(wayOut(true, { is: 'running' })).toMatch(/the hub starts it.*redis\.log/)
  })

  const REFUSALS = ['MISCONF Redis is configured to save', 'OOM command not allowed', 'BUSY Redis is busy', 'READONLY You can\'t write', 'ERR max number of clients reached', 'NOPERM no permissions']
  const at = { label: '/r.sock', sent: false }

  function wayOutOf(redisFailure: Facts['redisFailure'], isPrivateRedis: boolean): string {
    const own = { ...ONLINE, redis: 'away', redisReason: 'as it says', redisLatencyMs: null }
    return redisConnection.look(facts({ own, redisFailure, hub: { is: 'absent' }, isPrivateRedis })).wayOut ?? ''
  }

  test('of a private Redis that runs: not that the hub starts it', () => {
    const wayOut = (error: Error): string => wayOutOf(error as StoreUnavailable, true)
    expect(wayOut(explain(new Error('WRONGPASS invalid username-password pair'), at))).toMatch(/redis\.password.*memory_sync install/)
    expect(wayOut(explain(new Error('NOAUTH Authentication required.'), at))).toContain('redis.password')
    expect(wayOut(silent('/r.sock', 200, false))).toContain('kill -CONT')
    expect(wayOut(anotherServer('/r.sock'))).toContain('another port')
    expect(wayOut(explain(new Error('LOADING Redis is loading'), at))).toContain('wait')
    expect(wayOut(explain(new Error('connect ENOENT /r.sock'), at))).toContain('start the hub')
    expect(wayOut(explain(new Error('ERR something new'), at))).toContain('start the hub')
  })

  test.each(REFUSALS)('of a Redis that runs and refuses, private or not: what is to be done there (%s)', (text) => {
    const failure = explain(new Error(text), at) as StoreUnavailable
    for (const isPrivate of [true, false]) {
      expect(wayOutOf(failure, isPrivate)).toBe(failure.suggestions[0])
      expect(wayOutOf(failure, isPrivate)).not.toMatch(/start (the hub|Redis)/)
    }
  })

  test('of a Redis that is not the private one: where its address and password stand', () => {
    for (const text of ['connect ENOENT /r.sock', 'WRONGPASS invalid', 'ERR something new']) {
      expect(wayOutOf(explain(new Error(text), at) as StoreUnavailable, false)).toContain('memory_sync where')
    }
    expect(wayOutOf(null, false)).toContain('memory_sync where')
  })

  test.each(['absent', 'broken'])('of a context.json that is %s: a hub that is stopped keeps it', (is) => {
    const found = (hub: object): string => contextFile.look(facts({ file: { is }, fileLeadsTo: null, own: { rev: 1, agents: 1 }, hub })).wayOut ?? ''
    expect(found({ is: 'absent' })).toContain('--fix')
    expect(found(STOPPED)).toMatch(/the hub/)
    expect(found(STOPPED)).not.toContain('--fix')
  })

  test.each([{ is: 'absent' }, { is: 'silent', pid: 7 }, { is: 'silent', pid: null }])('of a hub that does not run or answer (%j): with a service the way out is the same as that of the service', (found) => {
    const state = { is: 'absent' }
    const installed = { state: 'finished', service: { label: 'x', manager: 'systemd', definition: [], state } }
    const wayOut = (of: object | null): string => hub.look(facts({ hub: found, hubPids: [], installed: of })).wayOut ?? ''
    expect(wayOut(installed)).toContain('memory_sync install-agent')
    expect(wayOut(installed)).not.toMatch(/memory_sync hub|start it again/)
    expect(service.look(facts({ hub: found, installed })).wayOut).toContain('memory_sync install-agent')
    for (const of of [null, { ...installed, service: null }]) expect(wayOut(of)).not.toContain('install-agent')
  })

  test('of what this user cannot open: whose it is says how to open it', () => {
    const wayOut = (...own: boolean[]): string => modes.look(facts({ closedToUs: own.map((isOwn) => ({ path: '/r/x', isOwn })), root: '/r' })).wayOut ?? ''
    expect(wayOut(true)).toContain('chmod -R u+rwX "/r/shared_memory"')
    expect(wayOut(true)).not.toMatch(/sudo|somebody else/)
    expect(wayOut(false)).toContain('sudo chown')
    expect(wayOut(false)).not.toContain('chmod')
    expect(wayOut(false, true)).toMatch(/sudo chown.*; then chmod/)
  })

  test('of a hub without its socket: one thing, and not that another one is to be started', () => {
    const found = facts({ hub: { is: 'absent' }, hubPids: [7], keeperPid: 7, installed: null })
    expect(hub.look(found)).toMatchObject({ level: 'bad', text: expect.stringContaining('runs (pid 7)'), wayOut: expect.stringContaining('within 30 seconds') })
    expect(oneHub.look(found).level).toBe('ok')
    expect(oneHub.look({ ...found, keeperPid: 8 })).toMatchObject({ level: 'bad', text: expect.stringContaining('pid 7') })
    expect(oneHub.look({ ...found, hubPids: [] }).level).toBe('off')
  })

  test('of a service whose log has no folder: how it is made again', () => {
    const state = { is: 'running', pid: 7, lastExit: null }
    const installed = { state: 'finished', service: { label: 'x', manager: 'systemd', definition: [], state } }
    const of = (hasLogs: boolean): object => service.look(facts({ hub: { is: 'running', pid: 7 }, installed, hasLogs, root: '/r' }))
    expect(of(true)).toMatchObject({ level: 'ok' })
    expect(of(false)).toMatchObject({ level: 'warn', text: expect.stringContaining('/r/logs'), wayOut: expect.stringContaining('install-agent') })
  })

  test('of a context.json that is behind: a hub that is stopped keeps it', () => {
    const found = (hub: object): string => fileLag.look(facts({ file: { is: 'current' }, isOwnSeen: true, own: { rev: 1, fileIsCurrent: false }, hub })).wayOut ?? ''
    expect(found({ is: 'absent' })).toContain('--fix')
    expect(found(STOPPED)).toMatch(/the hub keeps it/)
    expect(found(STOPPED)).not.toMatch(/--fix|start the hub/)
  })

  test('of an installation whose record cannot be read: nothing is said to be missing', () => {
    const nothing = { program: [], hooks: [], command: null, aliases: [], nodes: [], dispatchers: [], lastOrder: null, secrets: [], service: null }
    const of = (state: string): string[] =>
      ['service', 'program', 'node', 'hooks', 'command', 'aliases', 'dispatchers', 'last-order'].map((name) => {
        const finding = CHECKS.find((check) => check.name === name)!.look(facts({ installed: { state, version: '', ...nothing } }))
        expect(finding.level).toBe('off')
        return finding.text
      })
    for (const text of of('finished')) expect(text).toMatch(/\bnone\b|no dispatcher/)
    for (const text of of('unreadable')) expect(text).toMatch(/: not known without the install record$/)
  })
})
