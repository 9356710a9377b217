import type { Check } from '../check.js'
import { wrongPieces } from '../pieces.js'

export const aliases: Check = {
  name: 'aliases',
  section: 'Integration Hooks',
  look({ installed }) {
    const links = installed?.aliases ?? []
    if (links.length === 0) return { level: 'off', text: 'Aliases of the hooks: none is installed' }
    const wrong = wrongPieces(links)
    if (wrong === null) return { level: 'ok', text: `Aliases lead to the hooks (${links.map(({ target }) => target).join(', ')})` }
    return { level: 'bad', text: `Aliases: ${wrong}`, wayOut: 'memory_sync install makes those whose names are free' }
  },
}
