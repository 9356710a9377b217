import type { Check } from '../check.js'
import { noPart, wrongPieces } from '../pieces.js'

/** Their content, not merely that something executable stands there. */
export const hooks: Check = {
  name: 'hooks',
  section: 'Integration Hooks',
  look({ installed }) {
    const pieces = installed?.hooks ?? []
    if (pieces.length === 0) return noPart(installed, 'Hooks and scripts', 'none is installed')
    const wrong = wrongPieces(pieces)
    if (wrong === null) return { level: 'ok', text: `Hooks and scripts are ours (${pieces.length} files)` }
    return { level: 'bad', text: `Hooks: ${wrong}`, wayOut: 'memory_sync install puts them back, and keeps what stands there' }
  },
}
