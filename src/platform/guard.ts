/** A command that decides something by its exit code: given its input on stdin, and a limited time. */
import { spawn } from 'node:child_process'

export interface Asked {
  stdin: string
  env: NodeJS.ProcessEnv
  timeoutMs: number
}

export interface Decided {
  passed: boolean
  /** How it ended, for people. */
  ended: string
  /** The end of what it wrote. */
  output: string
}

const KEPT_OUTPUT = 2_000

/** Runs `command` with /bin/sh in a process group of its own, which is killed as a whole when the time is up: that is a no. */
export function askCommand(command: string, { stdin, env, timeoutMs }: Asked): Promise<Decided> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let isLate = false
    const keep = (text: string): void => {
      output = (output + text).slice(-KEPT_OUTPUT)
    }
    const timer = setTimeout(() => {
      isLate = true
      killGroup(child.pid)
      child.stdout.destroy() // a process that left the group may hold it open
      child.stderr.destroy()
    }, timeoutMs)
    const decide = (passed: boolean, ended: string): void => {
      clearTimeout(timer)
      resolve({ passed, ended, output: output.trim() })
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.stdin.on('error', () => undefined) // it need not read its stdin
    child.stdin.end(stdin)
    child.once('error', (error) => {
      decide(false, error.message)
    })
    child.once('close', (code, signal) => {
      if (isLate) decide(false, `no answer after ${timeoutMs / 1000} s`)
      else decide(code === 0, signal === null ? `exit code ${code}` : `ended by ${signal}`)
    })
  })
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // it has ended meanwhile
  }
}
