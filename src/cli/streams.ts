/** stdout and stderr: complete when a command ends, and quiet when nobody reads them any more. */
import { MemoryError } from '../errors/errors.js'
import type { Printed } from '../verbs/printed.js'

let failure: NodeJS.ErrnoException | undefined

/**
 * To be called once, after oclif was loaded: its own handler throws whatever is no EPIPE out of the event loop. A reader
 * that has gone away (`| head`) is no error; another failure of stdout (a full disk) is, and the next print says so.
 */
export function guardStreams(): void {
  process.stdout.removeAllListeners('error')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => (failure ??= error))
  process.stderr.on('error', () => undefined) // there is no third place to say it
}

/** Resolves when the text has been handed over; false: nobody reads it any more. Throws MemoryError `failed`. */
export async function printOut(text: string): Promise<boolean> {
  if (failure === undefined) {
    await new Promise<void>((resolve) => {
      process.stdout.write(text, (error) => {
        if (error) failure ??= error
        resolve()
      })
    })
  }
  return isRead()
}

/**
 * For what the framework has printed (help, version), which does not look whether it arrives. Nothing is written, not even an empty text,
 * which a full disk refuses: a command that has nothing to print does not fail by it. Throws as `printOut` does.
 */
export async function whenPrinted(): Promise<void> {
  if (process.stdout.writableLength > 0) await printOut('')
  else await new Promise((resolve) => setImmediate(resolve)) // a failure is told behind the write
  isRead()
}

function isRead(): boolean {
  if (failure === undefined) return true
  if (failure.code === 'EPIPE') return false
  throw new MemoryError('failed', `the output cannot be written: ${failure.message}`, { cause: failure })
}

/** Resolves when the text has been handed over, or cannot be. */
export function printError(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stderr.write(text, () => {
      resolve()
    })
  })
}

/** Prints both and returns the exit code. An error that nobody reads on stdout (`--json`) goes to stderr. Throws as `printOut` does. */
export async function printAll({ code, stdout, stderr }: Printed): Promise<number> {
  if (stderr !== '') await printError(stderr)
  if (stdout !== '' && !(await printOut(stdout)) && code !== 0) await printError(stdout)
  return code
}
