import type { Check } from '../check.js'

const MIB = 1024 * 1024
/** Room for some thousand writes; below it the next fold of the journal may not fit. */
const BAD_BYTES = 64 * MIB
const WARN_BYTES = 1024 * MIB
const WARN_SHARE = 0.05

export const disk: Check = {
  name: 'disk',
  section: 'Shared Memory',
  look({ disk: found }) {
    if (found === null) return { level: 'off', text: 'Free space: this file system does not tell' }
    const { freeBytes, totalBytes } = found
    const text = `${Math.floor(freeBytes / MIB)} MiB free`
    if (freeBytes < Math.min(BAD_BYTES, totalBytes / 10)) {
      return { level: 'bad', text: `Disk nearly full: ${text}`, wayOut: 'free space; a full disk refuses every write (exit 69)' }
    }
    if (freeBytes < Math.min(WARN_BYTES, totalBytes * WARN_SHARE * 4) && freeBytes < totalBytes * WARN_SHARE) {
      return { level: 'warn', text: `Disk filling up: ${text}`, wayOut: 'free space before it is full' }
    }
    return { level: 'ok', text: `Disk has room (${text})` }
  },
}
