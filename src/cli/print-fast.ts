/** stdout and stderr of a process that ends at once: written to the descriptors, without the streams, which cost milliseconds. */
import { writeSync } from 'node:fs'
import type { RunReply } from '../client/run-wire.js'
import { messageOf } from '../errors/errors.js'
import type { Printed } from '../verbs/printed.js'

/**
 * Returns the exit code: another one when the output cannot be written. A reader that has gone away is no error; an error that it was
 * to read (`--json`) goes to stderr.
 */
export async function printFast({ code, stdout, stderr }: RunReply | Printed): Promise<number> {
  await write(2, Buffer.from(stderr)).catch(() => undefined) // there is no third place to say it
  try {
    await write(1, Buffer.from(stdout))
    return code
  } catch (error) {
    if (isCode(error, 'EPIPE')) {
      if (code !== 0) await write(2, Buffer.from(stdout)).catch(() => undefined)
      return code
    }
    await write(2, Buffer.from(`Error: the output cannot be written: ${messageOf(error)}\n`)).catch(() => undefined)
    return 1
  }
}

async function write(fd: 1 | 2, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      // A pipe that another process has made non-blocking, and that is full.
      if (!isCode(error, 'EAGAIN')) throw error
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException | null)?.code === code
