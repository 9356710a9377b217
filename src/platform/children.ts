/** Other programs, started with an argument list and never through a shell. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'

export interface Finished {
  code: number
  stdout: string
  stderr: string
}

/** Runs to the end. One that a signal ended counts as failed. */
export function runChild(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
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

/** A program that goes on; its stdout, a line at a time. */
export function startChild(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  line: (text: string) => void,
): ChildProcess {
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(line)
  })
  return child
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

/** Whether there is such a program on the PATH. */
export const hasProgram = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined
