// Twenty contenders for one lock, each with a section of 10 ms that counts in a file: our leases beside `etcdctl lock`, in the same
// run and in turns. All stand in the queue when the clock starts. Prints a table in Markdown; docs/benchmarks.md has one with its machine.
// Usage: npm run bench:locks [-- ROUNDS]. Needs redis-server, the build, and for the comparison etcd and etcdctl (Debian: etcd-server and
// etcd-client). Leaves nothing behind.
import {execFile, spawn} from 'node:child_process'
import {once} from 'node:events'
import {appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import {setTimeout as delay} from 'node:timers/promises'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {promisify} from 'node:util'

const CONTENDERS = 20
const rounds = Number(process.argv[2] ?? 5)
const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const work = mkdtempSync('/tmp/ms-bench-')
const env = {PATH: process.env['PATH'], HOME: work, USER: 'bench', MEMORY_SYNC_ROOT: `${work}/root`, REDIS_URL: `unix://${work}/redis.sock`}
/** @type {import('node:child_process').ChildProcess[]} */
const children = []
/** @type {string | undefined} */
let failure

/** @type {(file: string, args: string[], more?: object) => import('node:child_process').ChildProcess} */
function start(file, args, more = {}) {
  const child = spawn(file, args, {env: {...env, ...more}, cwd: work, stdio: ['ignore', 'ignore', file === 'etcd' ? 'ignore' : 'inherit']})
  children.push(child)
  return child
}

/** Not synchronous: waiters in this process have to give their signs of life. */
/** @type {(file: string, args: string[], more?: object) => Promise<string>} */
const ask = async (file, args, more = {}) => (await promisify(execFile)(file, args, {env: {...env, ...more}, cwd: work})).stdout
/** @type {(program: string) => boolean} */
const has = (program) => (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`))

/** @type {(is: () => unknown, what: string) => Promise<void>} */
async function until(is, what) {
  for (const end = performance.now() + 60_000; ; await delay(1)) {
    if (failure !== undefined) throw new Error(failure)
    if (await attempt(is)) return
    if (performance.now() > end) throw new Error(`${what} did not come true`)
  }
}

/** @type {(is: () => unknown) => Promise<unknown>} */
async function attempt(is) {
  try {
    return await is()
  } catch {
    return false
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = /** @type {net.AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

const FIRST = 'until [ -e go ]; do sleep 0.001; done'
const SECTION = 'n=$(cat counter); sleep 0.01; echo $((n + 1)) > counter; echo $0 >> order'

/** @type {(id: string) => Promise<void>} */
async function section(id) {
  const n = Number(readFileSync(`${work}/counter`, 'utf8'))
  await delay(10)
  writeFileSync(`${work}/counter`, `${n + 1}\n`)
  appendFileSync(`${work}/order`, `${id}\n`)
}

/**
 * One way to lock: how a process holds the lock around a script, and how many stand in the queue behind the holder.
 * @typedef {{name: string, contend: (id: string, script: string) => Promise<unknown>, queued: () => Promise<number>}} Way
 */

/** @type {(way: Way) => Promise<number>} */
async function round({name, contend, queued}) {
  rmSync(`${work}/go`, {force: true})
  writeFileSync(`${work}/counter`, '0\n')
  writeFileSync(`${work}/order`, '')
  /** @type {(id: string, script: string) => Promise<unknown>} */
  const contending = (id, script) => contend(id, script).catch((error) => (failure ??= String(error)))
  const all = [contending('first', `touch held; ${FIRST}; rm held`)]
  await until(() => existsSync(`${work}/held`), 'a holder')
  for (let n = 1; n <= CONTENDERS; n++) {
    all.push(contending(String(n), SECTION))
    await until(async () => (await queued()) >= n, 'a contender in the queue')
  }
  const order = () => readFileSync(`${work}/order`, 'utf8').split('\n').slice(0, -1)
  const begin = performance.now()
  writeFileSync(`${work}/go`, '')
  await until(() => order().length === CONTENDERS, 'the last section')
  const elapsed = performance.now() - begin
  await Promise.all(all)
  if (failure !== undefined) throw new Error(failure)
  const expected = Array.from({length: CONTENDERS}, (_, n) => String(n + 1))
  if (readFileSync(`${work}/counter`, 'utf8') !== `${CONTENDERS}\n`) throw new Error(`${name}: the counter is wrong`)
  // A waiter that the machine did not run for four seconds has lost its place.
  if (order().join(' ') !== expected.join(' ')) console.log(`${name}: not first come, first served: ${order().join(' ')}`)
  return elapsed
}

/** @type {(child: import('node:child_process').ChildProcess) => Promise<void>} */
async function succeeded(child) {
  const [code] = await once(child, 'exit')
  if (code !== 0) failure ??= `a contender ended with ${code}: ${child.spawnargs.join(' ')}`
}

async function startOurs() {
  mkdirSync(`${work}/root`)
  mkdirSync(`${work}/redis`)
  start('redis-server', ['--port', '0', '--unixsocket', `${work}/redis.sock`, '--dir', `${work}/redis`, '--save', '', '--appendonly', 'yes', '--loglevel', 'warning'])
  await until(() => existsSync(`${work}/redis.sock`), 'redis-server')
  start(process.execPath, [bin, 'hub'])
  await until(async () => (await ask(process.execPath, [bin, 'hub', 'status'])) !== '', 'the hub')
}

/** @type {() => Promise<Way[]>} */
async function ours() {
  await startOurs()
  const {openMemory} = await import(pathToFileURL(fileURLToPath(new URL('../dist/index.js', import.meta.url))).href)
  mkdirSync(`${work}/without-hub`)
  const waiting = async () => JSON.parse(await ask(process.execPath, [bin, 'lock', 'status', 'bench', '--json'])).waiting.length
  const run = [bin, 'lock', 'run', 'bench', '--wait', '600', '--', 'sh', '-c']
  return [
    {name: 'lock run (a process each, with a hub)', contend: (id, script) => succeeded(start(process.execPath, [...run, script, id])), queued: waiting},
    await library('library with a hub', env.MEMORY_SYNC_ROOT),
    await library('library without a hub', `${work}/without-hub`),
  ]

  /** @type {(name: string, root: string) => Promise<Way>} */
  async function library(name, root) {
    const open = () => openMemory({root, redisUrl: env.REDIS_URL})
    const memories = await Promise.all(Array.from({length: CONTENDERS + 1}, open))
    return {
      name: `${name} (a connection each; the section is JavaScript)`,
      contend: async (id, script) => {
        const lease = await memories[id === 'first' ? 0 : Number(id)].acquireLease('bench', {ttlMs: 900_000, waitMs: 600_000})
        if (id === 'first') await succeeded(start('sh', ['-c', script, id]))
        else await section(id)
        await lease.release()
      },
      queued: waiting,
    }
  }
}

/** @type {() => Promise<Way[]>} */
async function etcds() {
  if (!has('etcd') || !has('etcdctl')) {
    console.log('SKIPPED: etcd and etcdctl are not installed (apt-get install etcd-server etcd-client): there is nothing to compare with\n')
    return []
  }
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
  const places = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer]
  start('etcd', ['--data-dir', `${work}/etcd`, ...places, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`, '--log-level', 'error'])
  const more = {ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: client}
  await until(async () => (await ask('etcdctl', ['put', 'ready', '1'], more)) !== '', 'etcd')
  const keys = async () => (await ask('etcdctl', ['get', '--prefix', 'bench/', '--keys-only'], more)).split('\n').filter((line) => line !== '')
  return [
    {
      name: 'etcdctl lock (a process each)',
      contend: (id, script) => succeeded(start('etcdctl', ['lock', 'bench', '--', 'sh', '-c', script, id], more)),
      queued: async () => (await keys()).length - 1,
    },
  ]
}

/** @type {(values: number[]) => number} */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

try {
  const ways = [...(await etcds()), ...(await ours())]
  /** @type {Map<Way, number[]>} */
  const times = new Map(ways.map((way) => [way, []]))
  const load = os.loadavg()[0]?.toFixed(2)
  for (let n = 0; n < rounds; n++) for (const way of ways) times.get(way)?.push(await round(way))
  const cpus = os.cpus()
  console.log(`${new Date().toISOString().slice(0, 16)}Z, ${os.type()} ${os.release()}, ${cpus.length} x ${cpus[0]?.model}, Node ${process.version}, load before ${load}, ${rounds} rounds\n`)
  console.log(`| ${CONTENDERS} contenders, 10 ms each, all in the queue | median | fastest | slowest |\n|---|---|---|---|`)
  for (const [way, all] of times) console.log(`| ${way.name} | ${[median(all), Math.min(...all), Math.max(...all)].map((ms) => `${ms.toFixed(0)} ms`).join(' | ')} |`)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  for (const child of children.reverse()) if (child.exitCode === null) child.kill('SIGKILL')
  await delay(200)
  rmSync(work, {recursive: true, force: true})
  process.exit()
}
