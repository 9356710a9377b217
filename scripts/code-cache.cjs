// Makes V8's code caches of the light entries: node scripts/code-cache.cjs DIST. The hot verbs are performed here first, on roots of
// their own, because V8 compiles a function when it is called, and what was not compiled is not in the cache. What performs a verb has
// several, each made by a process of its own: to load what is compiled takes time, who reads needs nothing of what writes, and who has
// files only nothing of Redis. Without a redis-server the way to Redis is in none, and is compiled by each call.
'use strict'
const {spawn, spawnSync} = require('node:child_process')
const {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const {load, loaded, cacheFileOf} = require('../bin/run.js')
const {findRedisServer} = require('./redis-server.cjs')

const {version} = require('../package.json')
const [dist, purpose, work] = [path.resolve(process.argv[2] ?? ''), process.argv[3], process.argv[4] ?? '']
/** In this order: who reads needs something to read. */
const CALLS = {
  writing: [
    ['set', 'mary', 'a.b=1', 'c="x"'],
    ['update', 'mary', 'active'],
    ['record', 'mary', 'T1', 'completed', '{"files":3}'],
  ],
  reading: [['get'], ['get', '.agents.mary']],
}
/** As src/cli/fast.ts names them. The first has also what all of them need. */
const PURPOSES = ['writing-any', 'writing-files', 'reading-any', 'reading-files']
/** No cache is made for it: a root that has written before the others do, and knows nothing of theirs. */
const NEIGHBOUR = 'neighbour'

/** What the path of a socket may have, less what comes below the temporary folder. */
const LONGEST_TMPDIR = 103 - '/msc-XXXXXX/hub/shared_memory/.memory_sync/hub.sock'.length

if (purpose === undefined) void makeAll()
else void make(purpose)

async function makeAll() {
  const tmpdir = os.tmpdir()
  const folder = mkdtempSync(path.join(Buffer.byteLength(tmpdir) > LONGEST_TMPDIR ? '/tmp' : tmpdir, 'msc-'))
  mkdirSync(path.join(folder, 'memory_sync'))
  writeFileSync(path.join(folder, 'memory_sync/config.json'), '{}') // a call reads one where there is one
  const redis = await startRedis(folder)
  try {
    for (const each of redis === null ? PURPOSES : [NEIGHBOUR, ...PURPOSES]) {
      const made = spawnSync(process.execPath, [__filename, dist, each, folder], {encoding: 'utf8'})
      if (made.status !== 0) throw new Error(`${each}: ${made.stderr}`)
    }
  } finally {
    await redis?.end()
    rmSync(folder, {recursive: true, force: true, maxRetries: 3})
  }
}

/** @param {string} purpose */
async function make(purpose) {
  const [what, where] = purpose.split('-')
  const own = what === 'writing' ? CALLS.writing : CALLS.reading
  const fast = load(path.join(dist, 'fast.cjs'))
  const self = load(path.join(dist, 'self.cjs'))
  if (purpose === NEIGHBOUR) {
    await perform(neighbour(work), CALLS.writing)
    process.exit(0)
  }

  const socket = path.join(work, 's')
  const files = path.join(work, 'files')
  await perform({MEMORY_SYNC_ROOT: files, MEMORY_SYNC_REDIS: 'off'})
  if (what === 'reading') {
    rmSync(path.join(files, 'shared_memory/.memory_sync/fresh'), {force: true}) // nothing says that the file is all there is
    await perform({MEMORY_SYNC_ROOT: files, MEMORY_SYNC_REDIS: 'off'})
  }

  if (where === 'any' && existsSync(socket)) {
    const settings = {MEMORY_SYNC_ROOT: path.join(work, 'redis'), MEMORY_SYNC_REDIS_URL: `unix://${socket}`}
    await perform(settings)
    if (what === 'reading') await perform(neighbour(work)) // to whom what was written is news
    const {binding} = /** @type {{binding: unknown}} */ (/** @type {unknown} */ (process))
    Object.assign(process, {binding: undefined}) // then it is ioredis, which some places need
    await perform(settings)
    Object.assign(process, {binding})
  }

  await askHub(path.join(work, 'hub'))
  if (purpose === PURPOSES[0]) {
    for (const [file, {script}] of loaded) write(file, script)
    write(path.join(dist, 'fast.cjs'), fast.script)
  }

  write(path.join(dist, 'self.cjs'), self.script, purpose)
  process.exit(0)

  /**
   * Somebody answers as a hub does; what it says does not matter here.
   * @param {string} root
   */
  async function askHub(root) {
    const state = path.join(root, 'shared_memory/.memory_sync')
    mkdirSync(state, {recursive: true})
    const hub = net.createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(`${'= 0 0 0'.padEnd(31)}\n`)))
    await new Promise((resolve) => hub.listen(path.join(state, 'hub.sock'), () => resolve(undefined)))
    await perform({MEMORY_SYNC_ROOT: root}, Object.values(CALLS).flat())
    await fast.exports.printFast({code: 0, stdout: '', stderr: ''})
    hub.close()
    rmSync(path.join(state, 'hub.sock'), {force: true})
  }

  /** @param {Record<string, string>} settings */
  async function perform(settings, calls = own) {
    for (const name of Object.keys(process.env)) if (/^(MEMORY_SYNC_|REDIS_|LUKA_SOT$)/.test(name)) delete process.env[name]
    Object.assign(process.env, {...settings, XDG_CONFIG_HOME: work, HOME: work})
    for (const call of calls) {
      const reply = await fast.exports.answer(call, {version, loadSelf: () => self.exports})
      if (reply?.code !== 0) throw new Error(`${call.join(' ')}: ${JSON.stringify(reply)}`)
    }
  }
}

/**
 * @param {string} file
 * @param {import('node:vm').Script} script
 */
function write(file, script, purpose = '') {
  writeFileSync(cacheFileOf(file, purpose), script.createCachedData())
}

/** @param {string} work */
function neighbour(work) {
  return {MEMORY_SYNC_ROOT: path.join(work, NEIGHBOUR), MEMORY_SYNC_REDIS_URL: `unix://${path.join(work, 's')}`}
}

/**
 * null: there is no redis-server, or it does not start.
 * @param {string} folder
 * @returns {Promise<{end: () => Promise<void>} | null>}
 */
async function startRedis(folder) {
  const found = findRedisServer()
  if (found === null) return null
  const socket = path.join(folder, 's')
  const server = spawn(found.name, ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''], {stdio: 'ignore'})
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
    async end() {
      server.kill()
      const impatience = setTimeout(() => server.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(impatience)
    },
  }
}
