/** What is wrong with files of ours, in words. */
import type { Finding } from './check.js'
import type { InstalledFact, PieceFact } from './installed.js'
import { someOf } from './some-of.js'

const WORDS: Readonly<Record<Exclude<PieceFact['is'], 'ours'>, string>> = {
  gone: 'is gone',
  changed: 'is not ours any more',
  'not-executable': 'cannot be executed',
}

/** Of what an installation has not got, or of which nobody knows. */
export const noPart = (installed: InstalledFact | null, part: string, none: string): Finding => ({
  level: 'off',
  text: `${part}: ${installed?.state === 'unreadable' ? 'not known without the install record' : none}`,
})

/** null: nothing. */
export function wrongPieces(pieces: readonly PieceFact[]): string | null {
  const wrong = pieces.flatMap(({ path, is }) => (is === 'ours' ? [] : [`${path} ${WORDS[is]}`]))
  return wrong.length === 0 ? null : someOf(wrong)
}
