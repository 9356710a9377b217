/** Taking our part out of a file that somebody else has changed since. */
import { removeBlock } from './marked-block.js'
import { readBackup, type RecordEntry } from './record.js'
import { isSettings, withoutSettings } from './settings.js'

/** null: our part is not in there, or it cannot be told from the rest. */
export const takeOutFrom =
  (folder: string) =>
  (entry: RecordEntry, bytes: Buffer): Buffer | null => {
    switch (entry.part) {
      case 'whole':
        return null
      case 'block':
        return removeBlock(bytes)
      case 'settings': {
        if (entry.after.is !== 'file') return null
        const ours = readBackup(folder, entry.after.sha256).toString()
        const before = entry.before.is === 'file' ? readBackup(folder, entry.before.sha256).toString() : '{}\n'
        return isSettings(bytes.toString()) ? Buffer.from(withoutSettings(bytes.toString(), ours, before)) : null
      }
    }
  }
