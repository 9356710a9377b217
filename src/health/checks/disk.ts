import type { Check } from '../check.js'

const MIB = 1024 * 1024
/** Room for some thousand writes; below it the next fold of the journal may not fit. */
const BAD_BYTES = 64 * MIB
const WARN_BYTES = 1024 * MIB
const WARN_SHARE = 0.05
/** Each replacement, each round and each lease needs a new file for a moment, or for good. */
const BAD_FILES = 1_000

export const disk: Check = {
  name: 'disk',
  section: 'Shared Memory',
  look({ disk: found }) {
    if (found === null) return { level: 'off', text: 'Free space: this file system does not tell' }
    const { freeBytes, totalBytes, freeFiles, totalFiles } = found
    const text = `${Math.floor(freeBytes / MIB)} MiB free`
    if (freeBytes < Math.min(BAD_BYTES, totalBytes / 10)) {
      return { level: 'bad', text: `Disk nearly full: ${text}`, wayOut: 'free space; a full disk refuses every write (exit 69)' }
    }
    if (freeFiles < Math.min(BAD_FILES, totalFiles / 10)) {
      const wayOut = 'remove files (df -i): without a new file context.json cannot be replaced, and no lease is kept'
      return { level: 'bad', text: `Disk nearly full: it takes ${freeFiles} more files, whatever is free`, wayOut }
    }
    if (freeBytes < Math.min(WARN_BYTES, totalBytes * WARN_SHARE * 4) && freeBytes < totalBytes * WARN_SHARE) {
      return { level: 'warn', text: `Disk filling up: ${text}`, wayOut: 'free space before it is full' }
    }
    return { level: 'ok', text: `Disk has room (${text})` }
  },
}
