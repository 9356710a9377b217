// What a cold call costs, whole processes, each way beside its floor in one interleaved run: bare node, `cat`, and the legacy
// script's read-modify-write written again. Prints a table in Markdown; docs/benchmarks.md has one with its machine.
// Usage: npm run bench:cold [-- ROUNDS]. Needs zsh, jq and redis-server, and the build. Leaves nothing behind.
import {spawn, spawnSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'

const rounds = Number(process.argv[2] ?? 40)
const WRITES = 20_000
const run = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const script = fileURLToPath(new URL('../hooks/memory_sync.sh', import.meta.url))
const work = mkdtempSync('/tmp/ms-bench-')
/** @type {import('node:child_process').ChildProcess[]} */
const running = []

/**
 * A way to make a call. `floor` is the one that it is compared with; `before` is done before each call, and not measured.
 * @typedef {{name: string, floor: string, command: string[], env: NodeJS.ProcessEnv, before?: string[], beforeEnv?: NodeJS.ProcessEnv}} Way
 */

try {
  const ways = await prepare()
  const times = measure(ways)
  print(ways, times)
} finally {
  for (const child of running.reverse()) {
    child.kill()
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(null)))
  }
  rmSync(work, {recursive: true, force: true})
}

async function prepare() {
  const clean = {PATH: process.env['PATH'], HOME: work, USER: 'bench'}
  const withHub = {...clean, LUKA_SOT: root('hub'), REDIS_URL: await startRedis('hub')}
  const withRedis = {...clean, LUKA_SOT: root('redis'), REDIS_URL: await startRedis('redis')}
  const neighbour = {...withRedis, LUKA_SOT: root('neighbour')}
  const filesOnly = {...clean, LUKA_SOT: root('files'), MEMORY_SYNC_REDIS: 'off'}
  for (const env of [withHub, withRedis, filesOnly]) fill(env)
  const written = {...clean, LUKA_SOT: root('written'), REDIS_URL: await startRedis('written')}
  await writeMuch(written)
  await startHub(withHub)
  const legacyRoot = root('legacy')
  mkdirSync(path.join(legacyRoot, 'bridge/memory/outbox'), {recursive: true})
  const document = spawnSync(process.execPath, [run, 'get'], {env: withHub})
  writeFileSync(path.join(legacyRoot, 'context.json'), document.stdout)
  const legacy = legacyScript(legacyRoot)

  const empty = path.join(work, 'empty.cjs')
  writeFileSync(empty, '')
  const client = path.join(work, 'client.cjs')
  writeFileSync(client, `require('net').connect(process.env.SOCKET).on('connect', function () { this.end('memory_sync run 1 x\\n0\\n') }).resume()`)
  const socket = path.join(withHub.LUKA_SOT, 'shared_memory/.memory_sync/hub.sock')

  const node = process.execPath
  const framework = {MEMORY_SYNC_CONTENT_TYPE: 'text'}
  const get = ['get']
  const update = ['update', 'mary', 'active']
  const record = ['record', 'mary', 'T1', 'completed', '{"files":3}']
  const hook = fileURLToPath(new URL('../hooks/mary_memory_hook.zsh', import.meta.url))
  /** @type {Way[]} */
  const ways = [
    {name: 'bare node', floor: 'bare node', command: [node, empty], env: clean},
    {name: 'node:net client, one round trip', floor: 'bare node', command: [node, client], env: {...clean, SOCKET: socket}},
    {name: 'get, hub, oclif', floor: 'bare node', command: [node, run, ...get], env: {...withHub, ...framework}},
    {name: 'get, hub', floor: 'bare node', command: [node, run, ...get], env: withHub},
    {name: 'update, hub', floor: 'bare node', command: [node, run, ...update], env: withHub},
    {name: 'set, hub', floor: 'bare node', command: [node, run, 'set', 'mary', 'a=1'], env: withHub},
    {name: 'record, hub', floor: 'bare node', command: [node, run, ...record], env: withHub},
    {name: 'get, Redis, oclif', floor: 'bare node', command: [node, run, ...get], env: {...withRedis, ...framework}},
    {name: 'get, Redis', floor: 'bare node', command: [node, run, ...get], env: withRedis},
    {name: 'update, Redis', floor: 'bare node', command: [node, run, ...update], env: withRedis},
    {name: 'get, Redis, after another root', floor: 'bare node', command: [node, run, ...get], env: withRedis, before: [node, run, ...update], beforeEnv: neighbour},
    {name: 'update, Redis, after another root', floor: 'bare node', command: [node, run, ...update], env: withRedis, before: [node, run, ...update], beforeEnv: neighbour},
    {name: `get, Redis, after ${WRITES} writes`, floor: 'bare node', command: [node, run, ...get], env: written},
    {name: `update, Redis, after ${WRITES} writes`, floor: 'bare node', command: [node, run, ...update], env: written},
    {name: 'get, files only', floor: 'bare node', command: [node, run, ...get], env: filesOnly},
    {name: 'update, files only', floor: 'bare node', command: [node, run, ...update], env: filesOnly},
    {name: 'cat', floor: 'cat', command: ['/bin/cat', path.join(legacyRoot, 'context.json')], env: clean},
    {name: 'sh', floor: 'cat', command: ['/bin/sh', '-c', ':'], env: clean},
    {name: 'zsh -f', floor: 'cat', command: ['zsh', '-f', '-c', ':'], env: clean},
    {name: 'legacy get', floor: 'legacy get', command: [legacy, ...get], env: clean},
    {name: 'memory_sync.sh get, hub', floor: 'legacy get', command: [script, ...get], env: withHub},
    {name: 'legacy update', floor: 'legacy update', command: [legacy, ...update], env: clean},
    {name: 'memory_sync.sh update, hub', floor: 'legacy update', command: [script, ...update], env: withHub},
    {name: 'memory_sync.sh record, hub', floor: 'legacy update', command: [script, ...record], env: withHub},
    {name: 'mary_memory_hook.zsh, hub', floor: 'legacy update', command: [hook, 'T1', 'completed', '{"files":3}'], env: withHub},
  ]
  return ways.filter(({command}) => existsSync(command[0] ?? '') || command[0] === 'zsh')
}

function measure(/** @type {Way[]} */ ways) {
  /** @type {Map<string, number[]>} */
  const times = new Map(ways.map(({name}) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const {name, command, env, before, beforeEnv = env} of ways) {
      if (before !== undefined) call(name, before, beforeEnv)
      const began = performance.now()
      call(name, command, env)
      const ms = performance.now() - began
      if (round >= 0) times.get(name)?.push(ms) // the first is for the caches of the disk
    }
  }
  return times
}

function call(/** @type {string} */ name, /** @type {string[]} */ [program = '', ...args], /** @type {NodeJS.ProcessEnv} */ env) {
  const {status, stderr} = spawnSync(program, args, {env, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/'})
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
}

function print(/** @type {Way[]} */ ways, /** @type {Map<string, number[]>} */ times) {
  const [cpu] = os.cpus()
  const load = os.loadavg().map((value) => value.toFixed(1)).join(' ')
  console.log(`${os.cpus().length} x ${cpu?.model.trim()}, ${os.type()} ${os.release()}, Node ${process.versions.node}, ${rounds} rounds, load ${load}\n`)
  console.log('| call | median ms | p90 ms | least ms | of |\n|---|---|---|---|---|')
  for (const {name, floor} of ways) {
    const ratio = (at(times.get(name), 0.5) / at(times.get(floor), 0.5)).toFixed(2)
    const [median, p90, least] = [0.5, 0.9, 0].map((quantile) => at(times.get(name), quantile).toFixed(1))
    console.log(`| ${name} | ${median} | ${p90} | ${least} | ${name === floor ? '' : `${ratio} x ${floor}`} |`)
  }
}

function at(/** @type {number[] | undefined} */ values, /** @type {number} */ quantile) {
  const sorted = (values ?? []).toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN
}

function root(/** @type {string} */ name) {
  const folder = path.join(work, name)
  mkdirSync(path.join(folder, 'shared_memory'), {recursive: true})
  return folder
}

/** A context of about 19 KB, as on the machine that this was made for. */
function fill(/** @type {NodeJS.ProcessEnv} */ env) {
  const text = 'what an agent has to say of its work. '.repeat(12)
  for (const agent of ['gc', 'cls', 'gg', 'gemini', 'mary', 'rnd', 'claude', 'paula']) {
    const patch = JSON.stringify(Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`note${n}`, text])))
    const {status, stderr} = spawnSync(process.execPath, [run, 'set', agent, '--patch', patch], {env})
    if (status !== 0) throw new Error(`a context cannot be made: ${stderr}`)
  }
  spawnSync(process.execPath, [run, 'update', 'mary', 'active'], {env})
}

/** As many as a root knows by their ids, with a hub, which then ends. */
async function writeMuch(/** @type {NodeJS.ProcessEnv} */ env) {
  fill(env)
  const hub = await startHub(env)
  const library = new URL('../dist/index.js', import.meta.url).href
  const program = `const {openMemory} = await import(${JSON.stringify(library)})
    const memory = await openMemory()
    for (let n = 0; n < ${WRITES}; n += 100) await Promise.all(Array.from({length: 100}, (_, i) => memory.updateAgentContext('agent' + (i % 10), {n: n + i})))
    await memory.close()`
  const {status, stderr} = spawnSync(process.execPath, ['--input-type=module', '-e', program], {env, encoding: 'utf8'})
  if (status !== 0) throw new Error(`nothing could be written: ${stderr}`)
  hub.kill()
  await new Promise((resolve) => hub.once('exit', resolve))
}

/** One for each root: what is written in one is news in no other. */
async function startRedis(/** @type {string} */ name) {
  const socket = path.join(work, `${name}.sock`)
  const folder = path.join(work, `${name}.redis`)
  mkdirSync(folder)
  start('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'yes'], {})
  await until(() => existsSync(socket))
  return `unix://${socket}`
}

async function startHub(/** @type {NodeJS.ProcessEnv} */ env) {
  const hub = start(process.execPath, [run, 'hub'], env)
  await new Promise((resolve) => hub.stdout?.on('data', (text) => String(text).includes(' ready: ') && resolve(null)))
  return hub
}

/** As the old script did it: read with jq, write beside, move over; then a broadcast. It loses what others write meanwhile. */
function legacyScript(/** @type {string} */ folder) {
  const file = path.join(work, 'legacy.sh')
  writeFileSync(
    file,
    `#!/bin/sh
file=${folder}/context.json
case $1 in
get) cat "$file" ;;
update)
  now=$(date +%Y-%m-%dT%H:%M:%S%z)
  temporary=$(mktemp)
  jq --arg a "$2" --arg s "$3" --arg t "$now" '.agents[$a].status=$s|.agents[$a].last_seen=$t|.last_update=$t' "$file" >"$temporary" && mv "$temporary" "$file"
  printf '{"event":"agent_update","agent":"%s","status":"%s","ts":"%s"}\\n' "$2" "$3" "$now" >${folder}/bridge/memory/outbox/$(date +%s)_broadcast.json
  ;;
esac
`,
  )
  chmodSync(file, 0o755)
  return file
}

function start(/** @type {string} */ program, /** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env) {
  const child = spawn(program, args, {env: {PATH: process.env['PATH'], ...env}, stdio: ['ignore', 'pipe', 'inherit']})
  running.push(child)
  return child
}

async function until(/** @type {() => boolean} */ isTrue) {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries > 500) throw new Error('redis-server does not start')
    await delay(10)
  }
}
