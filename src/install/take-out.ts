/** Taking our part out of a file that somebody else has changed since. */
import { hasPieces, removeBlock } from './marked-block.js'
import { backupOrNull, type RecordEntry } from './record.js'
import { hasOurs, isSettings, withoutSettings } from './settings.js'

/** The same bytes: our part is not in there. null: it cannot be told from the rest. */
export const takeOutFrom =
  (folder: string) =>
  (entry: RecordEntry, bytes: Buffer): Buffer | null => {
    switch (entry.part) {
      case 'whole':
        return null
      case 'block': {
        const rest = removeBlock(bytes)
        return rest === null || hasPieces(rest) ? null : rest
      }
      case 'settings':
        return isSettings(bytes.toString()) ? settingsOut(folder, entry, bytes) : null
    }
  }

/** Which of the settings are ours, and what they were before, stands in the backups. */
function settingsOut(folder: string, { before, after }: RecordEntry, bytes: Buffer): Buffer | null {
  const ours = after.is === 'file' ? backupOrNull(folder, after.sha256) : null
  const former = before.is === 'file' ? backupOrNull(folder, before.sha256) : Buffer.from('{}\n')
  if (ours !== null && former !== null) return Buffer.from(withoutSettings(bytes.toString(), ours.toString(), former.toString()))
  return hasOurs(bytes.toString()) ? null : bytes
}
