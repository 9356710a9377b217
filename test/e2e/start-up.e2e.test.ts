/** What it costs to start: which modules are loaded, and the processor's time beside that of a bare node in the same minute. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Program, startHub } from '../support/program.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
/** As many calls make the clock's ticks of 10 ms small. */
const CALLS = 20

let folder: string
let server: RedisServer
let hub: Program
let withHub: NodeJS.ProcessEnv
let withoutHub: NodeJS.ProcessEnv
/** The same Redis, at an address that needs no looking up; and at one that does: then it is ioredis. */
let byNumber: NodeJS.ProcessEnv
let byName: NodeJS.ProcessEnv
let here: NodeJS.ProcessEnv
let filesOnly: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = await makeTempFolder()
  server = await startRedis({ tcp: true })
  const common = { PATH: process.env['PATH'], HOME: folder, MEMORY_SYNC_REDIS_URL: server.url }
  withHub = { ...common, MEMORY_SYNC_ROOT: await makeTempFolder() }
  withoutHub = { ...common, MEMORY_SYNC_ROOT: await makeTempFolder(), MEMORY_SYNC_NAMESPACE: 'other' }
  byNumber = { ...withoutHub, MEMORY_SYNC_REDIS_URL: `redis://127.0.0.1:${server.port}` }
  here = { ...withoutHub, MEMORY_SYNC_REDIS_URL: `redis://localhost:${server.port}` }
  byName = { ...withoutHub, MEMORY_SYNC_REDIS_URL: `redis://LOCALHOST:${server.port}` }
  filesOnly = { PATH: process.env['PATH'], HOME: folder, MEMORY_SYNC_ROOT: await makeTempFolder(), MEMORY_SYNC_REDIS: 'off' }
  hub = await startHub({ root: withHub['MEMORY_SYNC_ROOT']!, redis: server.url })
  for (const env of [withHub, withoutHub, filesOnly]) execFileSync(process.execPath, [RUN, 'update', 'mary', 'active'], { env })
})

afterAll(async () => {
  hub.signal('SIGTERM')
  await hub.ended()
})

/** Modules of Node and files that a call has loaded, and a bare node has not. */
function loadedBy(env: NodeJS.ProcessEnv, ...call: string[]): string[] {
  const list = `${folder}/list`
  const preload = `${folder}/preload.cjs`
  writeFileSync(preload, `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(process.moduleLoadList)))`)
  const modulesOf = (...argv: string[]): string[] => {
    execFileSync(process.execPath, ['--require', preload, ...argv], { env })
    return JSON.parse(readFileSync(list, 'utf8')) as string[]
  }
  const bare = new Set(modulesOf('-e', '0'))
  return modulesOf(RUN, ...call).filter((name) => name.startsWith('NativeModule ') && !bare.has(name)).map((name) => name.slice('NativeModule '.length))
}

/** ms of the processor for one call. */
function processorTimeOf(env: NodeJS.ProcessEnv, ...argv: string[]): number {
  const loop = `n=${CALLS}; while [ $n -gt 0 ]; do "$@" >/dev/null || exit 1; n=$((n - 1)); done; times`
  const times = execFileSync('/bin/sh', ['-c', loop, 'sh', process.execPath, ...argv], { env, encoding: 'utf8' })
  const ofChildren = times.trim().split('\n').at(-1)!
  const seconds = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0)
  return (seconds * 1_000) / CALLS
}

describe('a call of a hot verb', () => {
  test('loads with a hub next to nothing', () => {
    expect(loadedBy(byName, 'get')).toContain('net') // so that its absence below says something
    for (const call of [['get'], ['update', 'mary', 'active'], ['record', 'mary', 'T1', 'completed']]) {
      expect(loadedBy(withHub, ...call), call.join(' ')).toEqual(['vm'])
    }
  })

  test('loads without one what is needed of a client of Redis, and with files only none', () => {
    const loaded = loadedBy(byName, 'get')
    for (const name of ['tls', 'assert', 'fs/promises', 'child_process', 'internal/modules/esm/loader']) expect(loaded).not.toContain(name)
    for (const env of [withoutHub, byNumber, here]) {
      for (const name of ['net', 'stream', 'crypto', 'perf_hooks', 'internal/fs/promises']) expect(loadedBy(env, 'get'), name).not.toContain(name)
      for (const name of ['net', 'perf_hooks', 'internal/fs/promises']) expect(loadedBy(env, 'update', 'mary', 'active'), name).not.toContain(name)
    }
    const read = loadedBy(filesOnly, 'get')
    const written = loadedBy(filesOnly, 'update', 'mary', 'active')
    expect(written).toContain('crypto')
    for (const name of ['net', 'crypto', 'internal/fs/promises']) expect(read, name).not.toContain(name)
    for (const name of ['net', 'internal/fs/promises', 'internal/crypto/webcrypto']) expect(written, name).not.toContain(name)
  })

  test('takes little more of the processor than a bare node does', () => {
    const empty = `${folder}/empty.cjs`
    writeFileSync(empty, '')
    const bare = processorTimeOf(withHub, empty)
    const ratios = {
      hub: processorTimeOf(withHub, RUN, 'get') / bare,
      redis: processorTimeOf(withoutHub, RUN, 'get') / bare,
      framework: processorTimeOf({ ...withHub, MEMORY_SYNC_CONTENT_TYPE: 'text' }, RUN, 'get') / bare,
    }
    console.log('start-up, times bare node:', JSON.stringify(ratios))
    expect(ratios.hub).toBeLessThan(1.6)
    expect(ratios.redis).toBeLessThan(4)
    expect(ratios.hub).toBeLessThan(ratios.redis)
    expect(ratios.redis).toBeLessThan(ratios.framework)
  })
})
