/** Arguments that are no UTF-8: Node has replaced their bytes with U+FFFD, and something else would be stored than what was given. */
import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { MemoryError } from '../errors/errors.js'
import { AS_UTF8 } from './stdin.js'

/** `argv`: the last arguments of this process. Throws MemoryError `usage`. Where the bytes cannot be had (macOS), nothing is refused. */
export function refuseBrokenBytes(argv: readonly string[]): void {
  const bytes = bytesOfArguments()
  const broken = argv.findIndex((_, n) => !isUtf8(bytes.at(n - argv.length) ?? new Uint8Array()))
  if (broken < 0) return
  throw new MemoryError('usage', `argument ${broken + 1} is not UTF-8: nothing was done`, {
    suggestions: [AS_UTF8],
  })
}

/** As the system has them; none where it does not say. */
function bytesOfArguments(): Buffer[] {
  try {
    const all = readFileSync('/proc/self/cmdline')
    const found: Buffer[] = []
    for (let at = 0, end = all.indexOf(0); end >= 0; at = end + 1, end = all.indexOf(0, at)) found.push(all.subarray(at, end))
    return found
  } catch {
    return []
  }
}
