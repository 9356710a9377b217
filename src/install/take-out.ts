/** Taking our part out of a file that somebody else has changed since. */
import type { RecordEntry } from './record.js'

/** null: our part is not in there, or it cannot be told from the rest. */
export function takeOut(_entry: RecordEntry, _text: string): string | null {
  return null
}
