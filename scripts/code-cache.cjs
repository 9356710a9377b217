// Makes V8's code caches of the light entries: node scripts/code-cache.cjs DIST. The hot verbs are performed here first, on a root of
// their own, because V8 compiles a function when it is called, and what was not compiled is not in the cache. With Redis only where
// there is a redis-server: without one, the way to Redis is compiled by each call.
'use strict'
const {spawn} = require('node:child_process')
const {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const {load, loaded, cacheSuffix} = require('../bin/run.js')

const dist = path.resolve(process.argv[2] ?? '')
const {version} = require('../package.json')
const CALLS = [
  ['set', 'mary', 'a.b=1', 'c="x"'],
  ['update', 'mary', 'active'],
  ['record', 'mary', 'T1', 'completed', '{"files":3}'],
  ['get'],
  ['get', '.agents.mary'],
]

void main()

async function main() {
  const work = mkdtempSync(path.join(os.tmpdir(), 'msc-'))
  const fast = load(path.join(dist, 'fast.cjs'))
  const self = load(path.join(dist, 'self.cjs'))
  mkdirSync(path.join(work, 'memory_sync'))
  writeFileSync(path.join(work, 'memory_sync/config.json'), '{}') // a call reads one where there is one
  const redis = await startRedis(work)
  try {
    await perform({MEMORY_SYNC_ROOT: path.join(work, 'files'), MEMORY_SYNC_REDIS: 'off'})
    if (redis !== null) await perform({MEMORY_SYNC_ROOT: path.join(work, 'redis'), MEMORY_SYNC_REDIS_URL: `unix://${redis.socket}`})
    await askHub(path.join(work, 'hub'))
  } finally {
    await redis?.end()
    rmSync(work, {recursive: true, force: true, maxRetries: 3})
  }

  loaded.set(path.join(dist, 'fast.cjs'), fast).set(path.join(dist, 'self.cjs'), self)
  for (const [file, {script}] of loaded) writeFileSync(file + cacheSuffix, script.createCachedData())
  process.exit(0)

  /**
   * Somebody answers as a hub does; what it says does not matter here.
   * @param {string} root
   */
  async function askHub(root) {
    const state = path.join(root, 'shared_memory/.memory_sync')
    mkdirSync(state, {recursive: true})
    const hub = net.createServer((socket) => socket.once('data', () => socket.end(`${'= 0 0 0'.padEnd(31)}\n`)))
    await new Promise((resolve) => hub.listen(path.join(state, 'hub.sock'), () => resolve(undefined)))
    await perform({MEMORY_SYNC_ROOT: root})
    await fast.exports.printFast({code: 0, stdout: '', stderr: ''})
    hub.close()
  }

  /** @param {Record<string, string>} settings */
  async function perform(settings) {
    for (const name of Object.keys(process.env)) if (/^(MEMORY_SYNC_|REDIS_|LUKA_SOT$)/.test(name)) delete process.env[name]
    Object.assign(process.env, {...settings, XDG_CONFIG_HOME: work, HOME: work})
    for (const call of CALLS) {
      const reply = await fast.exports.answer(call, {version, loadSelf: () => self.exports})
      if (reply?.code !== 0) throw new Error(`${call.join(' ')}: ${JSON.stringify(reply)}`)
    }
  }
}

/**
 * null: there is no redis-server.
 * @param {string} folder
 * @returns {Promise<{socket: string, end: () => Promise<void>} | null>}
 */
async function startRedis(folder) {
  const socket = path.join(folder, 's')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''], {stdio: 'ignore'})
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => {
    server.once('error', () => resolve())
    server.once('exit', () => resolve())
  })
  let isOver = false
  void ended.then(() => (isOver = true))
  for (let waited = 0; !isOver && !existsSync(socket); waited++) {
    if (waited === 1_000) server.kill('SIGKILL') // it does not get ready, whatever it does
    await new Promise((resolve) => setTimeout(resolve, 5))
  }

  if (isOver) return null
  return {
    socket,
    end() {
      server.kill()
      return ended
    },
  }
}
