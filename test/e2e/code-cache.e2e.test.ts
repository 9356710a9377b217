import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { makeTempFolder } from '../support/temp.js'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const { load, cacheFileOf } = createRequire(import.meta.url)(join(PACKAGE, 'bin/run.js')) as {
  load: (file: string, purpose?: string) => { script: Script }
  cacheFileOf: (file: string, purpose: string) => string
}

/** The files that have one, and for which purpose where it matters. */
const CACHED = [['fast.cjs', ''], ['self.cjs', 'reading-files'], ['self.cjs', 'writing-files'], ['self.cjs', 'reading-any'], ['self.cjs', 'writing-any'], ['ioredis.cjs', ''], ['schema.cjs', '']] as const

/** What a call needs without the framework, in a folder of its own. */
async function copyOfProgram(): Promise<string> {
  const folder = await makeTempFolder()
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(PACKAGE, name), join(folder, name), { recursive: true })
  return folder
}

async function callOf(program: string): Promise<string> {
  const root = await makeTempFolder()
  const env = { PATH: process.env['PATH'], HOME: root, MEMORY_SYNC_ROOT: root, MEMORY_SYNC_REDIS: 'off' }
  execFileSync(process.execPath, [join(program, 'bin/run.js'), 'set', 'mary', 'a=1'], { env })
  return execFileSync(process.execPath, [join(program, 'bin/run.js'), 'get', '.agents.mary.context.a'], { env, encoding: 'utf8' })
}

test('the build has made what V8 takes instead of compiling', () => {
  for (const [name, purpose] of CACHED) {
    const file = join(PACKAGE, 'dist', name)
    expect(existsSync(cacheFileOf(file, purpose)), `${name} ${purpose}`).toBe(true)
    expect(load(file, purpose).script.cachedDataRejected, `${name} ${purpose}`).toBe(false)
  }
})

test('those of the way to Redis are made by the first build that finds a redis-server, and then not again', async () => {
  const tree = await makeTempFolder()
  const inputs = ['bin', 'scripts', 'src', 'types', 'package.json', 'package-lock.json', 'tsconfig.json', 'oclif.manifest.json']
  for (const name of inputs) cpSync(join(PACKAGE, name), join(tree, name), { recursive: true })
  symlinkSync(join(PACKAGE, 'node_modules'), join(tree, 'node_modules'))
  const built = (PATH?: string): { has: boolean; at: number } => {
    execFileSync(process.execPath, [join(tree, 'scripts/build.mjs'), '--if-stale'], { env: { PATH, HOME: tree } })
    return { has: existsSync(cacheFileOf(join(tree, 'dist/ioredis.cjs'), '')), at: statSync(join(tree, 'dist/.inputs')).mtimeMs }
  }
  const without = built(tree)
  expect([without.has, built(tree)]).toEqual([false, without])
  const broken = join(tree, 'broken')
  mkdirSync(broken)
  writeFileSync(join(broken, 'valkey-server'), '#!/bin/sh\n[ "$1" = --version ] && echo broken\n', { mode: 0o755 })
  const tried = built(broken)
  expect([tried.has, tried.at > without.at, built(broken)], 'one that does not start is tried once').toEqual([false, true, tried])
  const withOne = built(process.env['PATH'])
  expect([withOne.has, built(process.env['PATH']), built(tree)]).toEqual([true, withOne, withOne])
})

test('a cache that is none, or of other sources, is passed by', async () => {
  const program = await copyOfProgram()
  const caches = CACHED.slice(0, 3).map(([name, purpose]) => cacheFileOf(join(program, 'dist', name), purpose))
  const [fast, reading, writing] = caches.map((cache) => readFileSync(cache))
  for (const texts of [['no cache', 'no cache', 'no cache'], ['', '', ''], [reading!, fast!, fast!], [fast!, writing!, reading!]]) {
    for (const [at, cache] of caches.entries()) writeFileSync(cache, texts[at]!)
    expect(await callOf(program)).toBe('1\n')
  }
})

test('what is read as bytes is ASCII', () => {
  for (const name of ['fast.cjs', 'self.cjs', 'ioredis.cjs', 'schema.cjs']) {
    expect(readFileSync(join(PACKAGE, 'dist', name)).every((byte) => byte < 0x80), name).toBe(true)
  }
})
