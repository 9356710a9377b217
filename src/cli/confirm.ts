/** A question on the terminal. */
import { createInterface } from 'node:readline/promises'

/** Whether somebody sits there who can be asked. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** On stderr: stdout is for the result. */
export async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question)).trim()
  } finally {
    terminal.close()
  }
}
