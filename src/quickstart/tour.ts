/**
 * A tour of the product on a root of its own, which is gone afterwards: a hub, two agents, both sides, the file, a clean stop.
 * It runs the very commands that a user types, and looks at what they left.
 */
import type { ChildProcess } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { endChild, type Finished, runChild, startChild } from '../platform/children.js'
import { makeTemporaryFolder } from '../platform/temporary-folder.js'
import { MemoryError } from '../errors/errors.js'
import { PrivateRedis } from './private-redis.js'

export interface TourOptions {
  /** The program and the first arguments that run memory_sync. */
  program: readonly [string, ...string[]]
  env: NodeJS.ProcessEnv
  /** Where temporary directories are made. */
  temporary: string
  say: (line: string) => void
  /** Ends it: everything is stopped and removed, and the reason is thrown. */
  signal: AbortSignal
}

const READY_MS = 20_000

/** Throws MemoryError `failed` when anything is not as it should be, and the signal's reason when it is ended. */
export async function takeTour(options: TourOptions): Promise<void> {
  const root = makeTemporaryFolder(options.temporary, 'memory_sync-')
  try {
    const redis = await PrivateRedis.start(root, options.env)
    try {
      await takeTourOn(root, redis, options)
    } finally {
      await redis?.stop()
    }
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function takeTourOn(root: string, redis: PrivateRedis | null, options: TourOptions): Promise<void> {
  const { signal } = options
  const tour = new Tour(options, root, redis)
  const endAtOnce = (): void => void tour.end('SIGKILL')
  signal.addEventListener('abort', endAtOnce)
  try {
    signal.throwIfAborted() // while Redis was started
    await tour.run()
  } catch (error) {
    signal.throwIfAborted() // what ended because everything was ended is not the reason
    throw error
  } finally {
    signal.removeEventListener('abort', endAtOnce)
    await tour.end(signal.aborted ? 'SIGKILL' : 'SIGTERM')
  }
}

class Tour {
  private readonly env: NodeJS.ProcessEnv
  private readonly children = new Set<ChildProcess>()

  constructor(
    private readonly options: TourOptions,
    private readonly root: string,
    private readonly redis: PrivateRedis | null,
  ) {
    const { MEMORY_SYNC_REDIS_URL, REDIS_URL, REDIS_HOST, REDIS_PORT, MEMORY_SYNC_REDIS, ...others } = options.env
    void [MEMORY_SYNC_REDIS_URL, REDIS_URL, REDIS_HOST, REDIS_PORT, MEMORY_SYNC_REDIS] // the tour never touches the user's Redis
    const { MEMORY_SYNC_CONTENT_TYPE, MEMORY_SYNC_NAMESPACE, ...rest } = others
    void [MEMORY_SYNC_CONTENT_TYPE, MEMORY_SYNC_NAMESPACE] // the tour reads text, and the keys of Redis under their usual names
    const where = redis === null ? { MEMORY_SYNC_REDIS: 'off' } : { MEMORY_SYNC_REDIS_URL: redis.url }
    this.env = { ...rest, ...where, MEMORY_SYNC_ROOT: root, XDG_CONFIG_HOME: join(root, 'config') }
  }

  async run(): Promise<void> {
    this.say(
      this.redis === null
        ? 'No redis-server on this machine: the tour uses files only.'
        : 'A private Redis was started for the tour; yours, if you have one, is not touched.',
    )
    await this.startHub()
    await this.command('update', 'mary', 'active')
    await this.command('set', 'rnd', 'proposal=P-7', 'score=1.10', '--status', 'busy')
    await this.command('record', 'mary', 'TASK-1', 'completed', '{"ok":true}')
    await this.command('get', 'agents')
    await this.showRedis()
    await this.showFile()
    await this.command('status')
    await this.command('hub', 'stop')
    this.say('')
    this.say(`✅ Two agents wrote; ${this.redis === null ? 'the file has' : 'Redis and the file have'} both. The hub has stopped.`)
  }

  /** Ends every process. */
  async end(signal: NodeJS.Signals): Promise<void> {
    await Promise.all([...this.children].map((child) => endChild(child, signal)))
  }

  private own(child: ChildProcess): void {
    this.children.add(child)
    child.once('exit', () => this.children.delete(child))
  }

  private say(line: string): void {
    this.options.say(line)
  }

  private async startHub(): Promise<void> {
    this.say('\n$ memory_sync hub &')
    const [file, ...first] = this.options.program
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(failed('the hub did not get ready'))
      }, READY_MS)
      const hub = startChild(file, [...first, 'hub'], this.env, (line) => {
        this.say(line)
        if (!/ ready: /.test(line)) return
        clearTimeout(timer)
        resolve()
      })
      this.own(hub)
      hub.once('exit', (code) => {
        clearTimeout(timer)
        if (code !== 0) reject(failed(`the hub ended with code ${code ?? 'unknown'}`))
      })
    })
  }

  private async command(...args: string[]): Promise<Finished> {
    const { program, signal } = this.options
    signal.throwIfAborted()
    this.say(`\n$ memory_sync ${args.map(quoted).join(' ')}`)
    const [file, ...first] = program
    const started = (child: ChildProcess): void => {
      this.own(child)
    }
    const done = await runChild(file, [...first, ...args], this.env, { started })
    signal.throwIfAborted()
    for (const line of (done.stdout + done.stderr).split('\n')) if (line !== '') this.say(line)
    if (done.code !== 0) throw failed(`memory_sync ${args[0] ?? ''} ended with code ${done.code}`)
    return done
  }

  private async showRedis(): Promise<void> {
    if (this.redis === null) return
    for (const agent of ['mary', 'rnd']) {
      this.say(`\n$ redis-cli HGETALL memory:agents:${agent}`)
      const fields = Object.entries(await this.redis.hash(`memory:agents:${agent}`))
      if (fields.length === 0) throw failed(`Redis does not have ${agent}`)
      for (const [name, value] of fields) this.say(`${name}: ${value}`)
    }
  }

  /** The hub writes the file a few milliseconds after the last change. */
  private async showFile(): Promise<void> {
    const path = join(this.root, 'shared_memory', 'context.json')
    const read = (): string => readFileSync(path, 'utf8')
    for (let look = 0; look < 100 && !read().includes('TASK-1'); look++) await new Promise((done) => setTimeout(done, 20))
    this.say(`\n$ cat ${path}`)
    this.say(read().trimEnd())
    const { agents } = JSON.parse(read()) as { agents: Record<string, { status?: string }> }
    if (agents['mary']?.status !== 'active' || agents['rnd']?.status !== 'busy') throw failed('the file does not have both agents')
  }
}

const quoted = (arg: string): string => (/^[\w=.:/-]+$/.test(arg) ? arg : `'${arg}'`)
const failed = (message: string): MemoryError => new MemoryError('failed', message)
