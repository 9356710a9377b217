import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { beforeEach, describe, expect, it } from 'vitest'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { environmentOf, type Program, runCli, startHub } from '../support/program.js'
import { removeShortFolder } from '../support/short-folder.js'
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk.js'
import { makeTempFolder } from '../support/temp.js'
import { byNode, byScript, patient, RUN, SCRIPT, type Way } from './ways.js'

const noDisk = whyNoSmallDisk()
if (noDisk !== null) console.warn(`script: NOT TESTED is a tree that can only be read: ${noDisk}`)

let root: string
let env: NodeJS.ProcessEnv
let hub: Program
const state = (): string => `${root}/shared_memory/.memory_sync`
const call = (way: Way, ...args: string[]): ReturnType<Way> => way({ args })
/** A script for which Node is no way out. */
const withoutNode = (name?: string): Promise<Way> =>
  byScript(`${root}/bin`, env, { node: '/bin/false', ...(name !== undefined && { name }) })
const hubOnly = async (name?: string): Promise<Way> => patient(await withoutNode(name), env)

beforeEach(async () => {
  root = await makeTempFolder('ms-script-')
  env = environmentOf({ root })
  await runCli(['update', 'mary', 'active'], { root })
  hub = await startHub({ root })
})

/**
 * Stands between clients and hub: the first run is carried out, and its answer never reaches the client; what then becomes of the
 * connection is for the test to say. Everything else passes.
 */
async function loseFirstAnswer(then: 'close' | 'silence'): Promise<void> {
  await rename(`${state()}/hub.sock`, `${state()}/real.sock`)
  let isFirst = true
  const open = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const behind = net.connect(`${state()}/real.sock`)
    for (const socket of [client, behind]) {
      open.add(socket)
      socket.on('error', () => undefined)
    }
    const lose = isFirst
    isFirst = false
    client.pipe(behind)
    if (!lose) behind.pipe(client)
    else
      behind.once('data', () => {
        if (then === 'close') client.destroy()
      })
  })
  await new Promise<void>((resolve) => server.listen(`${state()}/hub.sock`, resolve))
  afterwards(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
}

const value = async (pointer: string): Promise<string> => (await runCli(['get', pointer], { root })).stdout.trim()

describe.each<[string, () => Promise<Way>]>([
  ['the script', () => byScript(`${root}/bin`, env)],
  ['Node', () => Promise.resolve(byNode(env))],
])('a write that %s has sent to a hub', (_, wayOf) => {
  it.each(['close', 'silence'] as const)('whose answer is lost (%s) is done once', async (then) => {
    await loseFirstAnswer(then)
    expect(await call(await wayOf(), 'set', 'mary', 'n+=1', '--json')).toMatchObject({ code: 0, stderr: '' })
    await eventually(async () => (await value('/agents/mary/context/n')) === '1', { timeoutMs: 20_000 })
    expect(await value('/agents/mary/context/n')).toBe('1')
  })

  it('that is stopped is kept, and seen by whoever comes next', async () => {
    hub.signal('SIGSTOP')
    const way = await wayOf()
    expect(await call(way, 'update', 'mary', 'waiting')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
    expect((await call(way, 'get', '/agents/mary/status')).stdout).toBe('"waiting"\n')
    hub.signal('SIGCONT')
    await eventually(async () => (await value('/agents/mary/status')) === '"waiting"', { timeoutMs: 20_000 })
  })

  it('that was killed is kept', async () => {
    hub.signal('SIGKILL')
    await hub.ended()
    const way = await wayOf()
    expect((await call(way, 'update', 'mary', 'on its own')).code).toBe(0)
    expect((await call(way, 'get', '/agents/mary/status')).stdout).toBe('"on its own"\n')
  })
})

describe.each<[string, () => Promise<Way>]>([
  ['the script', () => withoutNode()],
  ['Node', () => Promise.resolve(byNode(env))],
])('an answer to %s', (_, wayOf) => {
  it.each([
    ['at once', [`${'= 3 4 3'.padEnd(31)}\nabc\nde\n`]],
    ['in pieces, after signs of life', ['.', '...', '.= 3', ' 4 3'.padEnd(28), '\na', 'b', 'c\nd', 'e', '\n']],
    ['with as many signs of life as its header has bytes', ['.'.repeat(32), `${'= 3 4 3'.padEnd(31)}\nabc\nde\n`]],
  ])('that comes %s is read as it is', async (__, pieces) => {
    await rename(`${state()}/hub.sock`, `${state()}/real.sock`)
    const server = net.createServer((client) => {
      client.on('error', () => undefined)
      client.once('data', () => void answer(client))
    })
    const answer = async (client: net.Socket): Promise<void> => {
      for (const piece of pieces) {
        client.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      client.end()
    }
    await new Promise<void>((resolve) => server.listen(`${state()}/hub.sock`, resolve))
    afterwards(() => void server.close())
    expect(await call(await wayOf(), 'get')).toMatchObject({ code: 3, stdout: 'abc\n', stderr: 'de\n' })
  })
})

describe('the script', () => {
  it('leaves a hub alone that was silent, until Node has heard of it', async () => {
    const way = await byScript(`${root}/bin`, env)
    hub.signal('SIGSTOP')
    await call(way, 'get')
    expect(existsSync(`${state()}/hub.silent`)).toBe(true)
    hub.signal('SIGCONT')
    await eventually(async () => {
      await call(way, 'get')
      return !existsSync(`${state()}/hub.silent`)
    }, { timeoutMs: 20_000 })
    expect((await call(await hubOnly(), 'get')).code).toBe(0)
  })

  it('hands over any text as it is, and no byte of it becomes anything else', async () => {
    const text = `'"\\ $(touch ${root}/ran) \`id\`\n\n7\nget\n${'\u{1F600}é'.repeat(50)} -- * ; & |`
    expect(await call(await hubOnly(), 'update', 'mary', text)).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(JSON.parse(await value('/agents/mary/status'))).toBe(text)
    expect(existsSync(`${root}/ran`)).toBe(false)
  })

  it('gets a context of five megabytes whole', async () => {
    for (const n of [1, 2, 3, 4, 5, 6]) {
      const patch = JSON.stringify({ [`v${n}`]: '\u00e9x'.repeat(300_000) })
      await byNode(env)({ args: ['set', 'mary', '--patch', '-'], input: patch })
    }
    const [fast, slow] = [await call(await byScript(`${root}/bin`, env), 'get'), await call(byNode(env), 'get')]
    expect(Buffer.byteLength(fast.stdout)).toBeGreaterThan(5_000_000)
    expect(fast.stdout === slow.stdout).toBe(true)
  })

  it('finds the socket of a root with a long path', async () => {
    const deep = `${root}/${'d'.repeat(60)}/${'e'.repeat(60)}`
    await mkdir(deep, { recursive: true })
    await runCli(['update', 'mary', 'deep'], { root: deep })
    const other = await startHub({ root: deep })
    const there = environmentOf({ root: deep })
    const way = patient(await byScript(`${root}/bin`, there, { node: '/bin/false' }), there)
    expect((await call(way, 'get', '/agents/mary/status')).stdout).toBe('"deep"\n')
    other.signal('SIGTERM') // one that is killed leaves its socket where no other test cleans up
    await other.ended()
    removeShortFolder()
  })

  it.each<[string, (elsewhere: string) => NodeJS.ProcessEnv]>([
    ['another Redis', () => ({ MEMORY_SYNC_REDIS: '', REDIS_URL: 'redis://localhost:1' })],
    ['a setting that cannot be used', () => ({ MEMORY_SYNC_REDIS: 'maybe' })],
    ['other names of keys', () => ({ MEMORY_SYNC_NAMESPACE: 'other' })],
    ['a config file of its own', (elsewhere) => ({ XDG_CONFIG_HOME: elsewhere })],
  ])('goes to Node where the caller means %s', async (_, settings) => {
    await mkdir(`${root}/etc/memory_sync`, { recursive: true })
    await writeFile(`${root}/etc/memory_sync/config.json`, '{}')
    expect((await call(await hubOnly(), 'get')).stdout).not.toBe('')
    const way = await withoutNode()
    expect(await way({ args: ['get'], env: settings(`${root}/etc`) })).toMatchObject({ code: 1, stdout: '' })
  })

  it('goes to Node from a socket that belongs to another root', async () => {
    const other = await makeTempFolder('ms-other-')
    await mkdir(`${other}/shared_memory/.memory_sync`, { recursive: true })
    await symlink(`${state()}/hub.sock`, `${other}/shared_memory/.memory_sync/hub.sock`)
    const way = await byScript(`${root}/bin`, environmentOf({ root: other }), { node: '/bin/false' })
    expect(await call(way, 'get')).toMatchObject({ code: 1, stdout: '' })
    expect(await call(byNode(environmentOf({ root: other })), 'get')).toMatchObject({ code: 1, stdout: '' })
  })

  it('works where stderr is closed', async () => {
    await byScript(`${root}/bin`, env)
    const closed = (words: string): string =>
      execFileSync('/bin/sh', ['-c', `exec "$0" ${words} 2>&-`, `${root}/bin/plain/memory_sync`], { env, encoding: 'utf8' })
    closed('update mary closed')
    closed('set mary n=1')
    expect(closed('get /agents/mary/status')).toBe('"closed"\n')
    expect(closed('get')).toBe((await call(byNode(env), 'get')).stdout)
  })

  it.each(['a hub that declines', 'no hub'])('works where stderr is closed, and there is %s', async (hubIs) => {
    await byScript(`${root}/bin`, env)
    if (hubIs === 'no hub') {
      hub.signal('SIGTERM')
      await hub.ended()
    }
    const closed = (words: string): { status: number | null; stdout: string } =>
      spawnSync('/bin/sh', ['-c', `exec "$0" ${words} 2>&-`, `${root}/bin/plain/memory_sync`], { env: { ...env, MEMORY_SYNC_NAMESPACE: 'other' }, encoding: 'utf8' })
    expect(closed('update mary closed')).toMatchObject({ status: 0, stdout: '' })
    expect(closed('get /agents/mary/status')).toMatchObject({ status: 0, stdout: '"closed"\n' })
    expect(closed('set mary a=1 --if-rev 1')).toMatchObject({ status: 20, stdout: '' })
    expect(closed('agents --json')).toMatchObject({ status: 0, stdout: expect.stringContaining('mary') })
  })

  it('goes to Node where a hub is stopped and the tree cannot be written', { skip: noDisk !== null }, async () => {
    const small = await makeTempFolder('ms-small-')
    const disk = await SmallDisk.over(small, 1024)
    const there = environmentOf({ root: small })
    const run = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
      spawnSync('nsenter', [...disk.via.slice(1), SCRIPT, ...words], { env: there, encoding: 'utf8' })
    const stopped = await startHub({ root: small, via: disk.via })
    expect(run('update', 'mary', 'active')).toMatchObject({ status: 0, stderr: '' })
    await disk.setReadOnly(true)
    stopped.signal('SIGSTOP')
    expect(run('get', '/agents/mary/status')).toMatchObject({ status: 0, stdout: '"active"\n', stderr: '' })
    expect(run('set', 'mary', 'a=1')).toMatchObject({ status: 69, stderr: expect.stringMatching(/sent without an answer, and the root .* cannot be written .*: it is not known/) })
  })

  it('is not misled by a ZSH_VERSION in the environment of another shell', async () => {
    const way = await byScript(`${root}/bin`, { ...env, ZSH_VERSION: '5.9' })
    expect(await call(way, 'update', 'mary', 'exported')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
    expect(await call(way, 'get', '/agents/mary/status')).toMatchObject({ code: 0, stdout: '"exported"\n', stderr: '' })
  })

  it('works with next to no environment', async () => {
    const way = patient(await byScript(`${root}/bin`, { PATH: '/usr/bin:/bin', LUKA_SOT: root }, { node: '/bin/false' }), env)
    expect(await call(way, 'update', 'mary', 'bare')).toMatchObject({ code: 0, stderr: '' })
    expect((await way({ args: ['get', '/agents/mary/status'], env: { PATH: '/nonexistent' } })).stdout).toBe('"bare"\n')
  })

  it('writes the times of its caller, and who it is', async () => {
    const way = await hubOnly()
    await way({ args: ['update', 'mary', 'x'], env: { TZ: 'America/New_York', MEMORY_SYNC_AGENT: 'gg' } })
    expect(await value('/agents/mary/last_seen')).toMatch(/-0[45]:00"$/)
    const { stdout } = await runCli(['log', '--agent', 'mary'], { root })
    expect(stdout.trim().split('\n').at(-1)).toContain('"by":"gg"')
  })

  it('says when its output cannot be written, and is quiet when nobody reads it', async () => {
    await byScript(`${root}/bin`, env)
    const script = `${root}/bin/plain/memory_sync`
    const run = (line: string): { status: number | null; stdout: string; stderr: string } =>
      spawnSync('bash', ['-o', 'pipefail', '-c', line], { env: { ...env, S: script, R: RUN }, encoding: 'utf8' })
    expect(run('"$S" get | head -c1')).toMatchObject({ status: 0, stdout: '{', stderr: '' })
    if (process.platform === 'linux') expect(run('"$S" get >/dev/full')).toMatchObject({ status: 1, stderr: expect.stringContaining('ENOSPC') })
    if (process.platform === 'linux') {
      for (const program of ['"$S"', `"${process.execPath}" "$R"`]) {
        expect({ program, ...run(`${program} set mary a=1 --if-rev 3 2>/dev/full`) }).toMatchObject({ program, status: 20, stdout: '' })
      }
    }
    for (const words of ['get', 'agents', 'where --json', '--help']) {
      const stderr = 'Error: the output cannot be written: EBADF: bad file descriptor, write\n'
      expect({ words, ...run(`"$S" ${words} >&-`) }).toMatchObject({ words, status: 1, stderr })
      expect({ words, ...run(`"$S" ${words} >/dev/null`) }).toMatchObject({ words, status: 0, stderr: '' })
    }
    expect(run('"$S" set mary a=1 >&-')).toMatchObject({ status: 0, stderr: '' }) // it has nothing to print
    const read = run('"$S" get agents.nobody --json')
    expect(run('exec 4> >(:); wait $!; "$S" get agents.nobody --json >&4')).toMatchObject({ status: read.status, stdout: '', stderr: read.stdout })
  })

  it.each([
    ['its output', 'get', '>&3'],
    ['an error', `get ${'x'.repeat(90_000)}`, '2>&3 >/dev/null'],
  ])('prints %s whole into a pipe that another process has made non-blocking', async (_, words, redirection) => {
    const patch = JSON.stringify({ big: 'x'.repeat(900_000) })
    await byNode(env)({ args: ['set', 'mary', '--patch', '-'], input: patch })
    await byScript(`${root}/bin`, env)
    const nonBlocking = `python3 -c 'import os; os.set_blocking(3, False)' && "$S" ${words} ${redirection}`
    const run = (line: string): { status: number | null; stdout: string; stderr: string } =>
      spawnSync('bash', ['-c', line], { env: { ...env, S: `${root}/bin/plain/memory_sync` }, encoding: 'utf8', maxBuffer: 1e7 })
    const whole = run(`exec 3>&1; "$S" ${words} ${redirection}`)
    const throughPipe = run(`{ ${nonBlocking}; echo "exit $?" >&2; } 3>&1 | { head -c1; cat; }`)
    expect(throughPipe.stderr).toBe(`exit ${whole.status}\n`)
    expect(throughPipe.stdout === whole.stdout).toBe(true)
  })
})

describe('as memory_sync.sh', () => {
  it.each([[[]], [['']], [['frobnicate']], [['--help']]])('it says how it is called to %j', async (args) => {
    const way = await byScript(`${root}/tools`, env, { name: 'memory_sync.sh' })
    const { code, stdout, stderr } = await way({ args })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^Usage: \S+\/memory_sync\.sh \{update\|get\} \[agent\] \[status\]\n$/)
  })

  it('get and update ignore what follows', async () => {
    const way = await hubOnly('memory_sync.sh')
    expect(await call(way, 'update', 'mary', 'idle', 'and', 'more')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const { stdout } = await call(way, 'get', 'mary', 'x')
    expect(JSON.parse(stdout)).toMatchObject({ agents: { mary: { status: 'idle' } } })
  })

  it('it knows the other commands too', async () => {
    const way = await byScript(`${root}/tools`, env, { name: 'memory_sync.sh' })
    expect(await call(way, 'where', '--json')).toMatchObject({ code: 0, stderr: '' })
  })
})
