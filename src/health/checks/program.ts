import type { Check } from '../check.js'
import { noPart, wrongPieces } from '../pieces.js'

export const program: Check = {
  name: 'program',
  section: 'Hub Service',
  look({ installed }) {
    const pieces = installed?.program ?? []
    if (pieces.length === 0) return noPart(installed, 'Installed program', 'none')
    const wrong = wrongPieces(pieces)
    if (wrong === null) return { level: 'ok', text: 'Installed program as it was built' }
    return { level: 'bad', text: `The installed program is damaged: ${wrong}`, wayOut: 'run install again, from a clone or a package: it repairs' }
  },
}
