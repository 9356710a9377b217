/** A question on the terminal. */
import { createInterface } from 'node:readline/promises'

/** Whether somebody sits there who can be asked. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/**
 * A line of the answer; '' when there is none. The question is on stderr: stdout is for the result. Ctrl-C ends this process, as it does
 * where nothing is asked.
 */
export async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new Promise<string>((resolve) => {
    terminal.once('close', () => {
      resolve('')
    })
  })
  terminal.once('SIGINT', () => {
    terminal.close() // gives the terminal back
    process.kill(process.pid, 'SIGINT')
  })
  try {
    return (await Promise.race([terminal.question(question), closed])).trim()
  } finally {
    terminal.close()
  }
}
