/** Other programs, started with an argument list and never through a shell. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, closeSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { APPEND, openFile } from './open-file.js'
import type { Owner } from './owner.js'

export interface Finished {
  code: number
  stdout: string
  stderr: string
}

/** Runs to the end, or is killed after `timeoutMs`; whoever is told at once that it has `started` may end it before. One that a signal ended counts as failed. */
export function runChild(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { timeoutMs, started }: { timeoutMs?: number; started?: (child: ChildProcess) => void } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeoutMs !== undefined && { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
    })
    if (child.pid !== undefined) started?.(child)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code: code ?? 1, stdout, stderr })
    })
  })
}

export interface ChildOptions {
  /** Its stdin is a pipe that the caller writes and ends; else it has none. */
  input?: boolean
  /** What it says on stderr; without it, that goes to ours. */
  complaint?: (text: string) => void
}

/** A program that goes on; its stdout, a line at a time. */
export function startChild(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  line: (text: string) => void,
  { input = false, complaint }: ChildOptions = {},
): ChildProcess {
  const child = spawn(file, args, { env, stdio: [input ? 'pipe' : 'ignore', 'pipe', complaint === undefined ? 'inherit' : 'pipe'] })
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(line)
  })
  if (complaint !== undefined) child.stderr?.setEncoding('utf8').on('data', complaint)
  return child
}

export interface DetachedOptions {
  env: NodeJS.ProcessEnv
  cwd: string
  /** As whom it runs. Default: as this process. */
  owner?: Owner | null
  /** Files that are appended to. */
  stdout: string
  stderr: string
}

/** A program in a session of its own, which goes on when this process has ended. Resolves when it runs. */
export function startDetached(file: string, args: readonly string[], options: DetachedOptions): Promise<ChildProcess> {
  const out = openFile(options.stdout, APPEND, 0o644)
  const err = openFile(options.stderr, APPEND, 0o644)
  return new Promise<ChildProcess>((resolve, reject) => {
    const { env, cwd, owner } = options
    const child = spawn(file, args, { ...owner, env, cwd, detached: true, stdio: ['ignore', out, err] })
    child.once('error', reject)
    child.once('spawn', () => {
      resolve(child)
    })
  }).finally(() => {
    closeSync(out)
    closeSync(err)
  })
}

/** Ends a program that was started here, and waits until it is gone. */
export function endChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else {
      child.once('exit', () => {
        resolve()
      })
      child.kill(signal)
    }
  })
}

/** The absolute path of a program on that PATH; null: there is none. */
export function findProgram(name: string, path: string | undefined): string | null {
  for (const folder of (path ?? '').split(delimiter)) {
    const file = join(folder, name)
    if (isAbsolute(folder) && isExecutable(file)) return file
  }
  return null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // absent, or not for us: either way it cannot be run
  }
}

/** Whether there is such a program on the PATH. */
export const hasProgram = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined
