/** The built program as real processes, each ended by its own pid when the test (or, outside a test, the file) ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterwards } from './cleanup.js'
import { eventually } from './eventually.js'

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface ProgramOptions {
  root: string
  /** URL of a Redis; without it, files only. */
  redis?: string | undefined
  input?: string
  /** As another user; only root may. */
  uid?: number
  gid?: number
  /** A program that runs it, with its arguments: `['nsenter', '--mount', ..]`. */
  via?: readonly string[]
  /** In place of the built program of this tree: a copy of it. */
  program?: string
  env?: NodeJS.ProcessEnv
}

export interface Program {
  readonly pid: number
  stdout(): string
  stderr(): string
  /** Complete lines of stdout. */
  lines(): string[]
  signal(name: NodeJS.Signals): void
  ended(): Promise<Ran>
  hasEnded(): boolean
}

const running = new Set<ChildProcess>()

// A test process that is ended in the middle of a test runs no hook.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** What a process of the program sees: nothing of the developer's own settings. */
export function environmentOf({ root, redis, env }: ProgramOptions): NodeJS.ProcessEnv {
  return {
    ...{ PATH: process.env['PATH'], HOME: root, USER: 'tester', TZ: 'Asia/Bangkok', MEMORY_SYNC_ROOT: root },
    ...(redis === undefined ? { MEMORY_SYNC_REDIS: 'off' } : { REDIS_URL: redis }),
    ...env,
  }
}

export function startCli(args: readonly string[], options: ProgramOptions): Program {
  const [program = process.execPath, ...before] = [...(options.via ?? []), process.execPath, options.program ?? BIN]
  const child = spawn(program, [...before, ...args], {
    env: environmentOf(options),
    cwd: '/',
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
  })
  endAfterwards(child)
  const closed = once(child, 'close')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined) // it need not read it
  child.stdin.end(options.input ?? '')
  const ended = closed.then((): Ran => ({ code: child.exitCode, signal: child.signalCode, stdout, stderr }))
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    lines: () => stdout.split('\n').slice(0, -1),
    signal: (name) => void child.kill(name),
    ended: () => ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  }
}

export function runCli(args: readonly string[], options: ProgramOptions): Promise<Ran> {
  return startCli(args, options).ended()
}

/** To be called as it starts: a test that takes too long never comes to the line that ends it, or waits for its end. */
export function endAfterwards(child: ChildProcess): void {
  running.add(child)
  const gone = new Promise<void>((resolve) => {
    for (const event of ['exit', 'error']) {
      child.once(event, () => {
        running.delete(child)
        resolve()
      })
    }
  })
  afterwards(() => {
    child.kill('SIGKILL')
    return gone
  })
}

/** A hub that is ready. */
export async function startHub(options: ProgramOptions): Promise<Program> {
  const hub = startCli(['hub'], options)
  await eventually(
    () => {
      if (hub.hasEnded()) throw new Error(`it ended: ${hub.stderr()}`)
      return hub.stdout().includes(' ready: ')
    },
    { timeoutMs: 60_000, what: 'a hub that is ready' },
  )
  return hub
}
