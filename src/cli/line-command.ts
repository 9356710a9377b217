/** `--exec`: a command for a line. */
import { spawn } from 'node:child_process'

/** A single entry of the environment may have 128 KiB on Linux (MAX_ARG_STRLEN); beyond this, stdin has to do. */
const MAX_ENVIRONMENT_BYTES = 96 * 1024

/**
 * Runs `command` with /bin/sh; the line is never a part of the command: it is stdin, and MEMORY_SYNC_EVENT. Resolves when
 * it has ended, with the reason if it failed. An abort ends it.
 */
export function runWithLine(command: string, line: string, signal: AbortSignal): Promise<string | undefined> {
  const fits = Buffer.byteLength(line) <= MAX_ENVIRONMENT_BYTES
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...process.env, MEMORY_SYNC_EVENT: fits ? line : undefined },
    })
    const end = (): boolean => child.kill('SIGTERM')
    signal.addEventListener('abort', end, { once: true })
    const done = (failure?: string): void => {
      signal.removeEventListener('abort', end)
      resolve(failure)
    }
    child.once('error', (error) => {
      done(error.message)
    })
    child.once('exit', (code, name) => {
      done(code === 0 ? undefined : name === null ? `ended with exit code ${code}` : `was ended by ${name}`)
    })
    child.stdin.on('error', () => undefined) // it need not read its stdin
    child.stdin.end(`${line}\n`)
  })
}
