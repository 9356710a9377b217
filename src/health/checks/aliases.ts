import type { Check } from '../check.js'
import { noPart, wrongPieces } from '../pieces.js'

export const aliases: Check = {
  name: 'aliases',
  section: 'Integration Hooks',
  look({ installed }) {
    const links = installed?.aliases ?? []
    if (links.length === 0) return noPart(installed, 'Aliases of the hooks', 'none is installed')
    const wrong = wrongPieces(links)
    if (wrong === null) return { level: 'ok', text: `Aliases lead to the hooks (${links.map(({ target }) => target).join(', ')})` }
    if (links.some(({ is }) => is === 'gone')) return { level: 'bad', text: `Aliases: ${wrong}`, wayOut: 'memory_sync install makes those whose names are free' }
    return {
      level: 'warn', // nobody takes a name away from who has it
      text: `Aliases: ${wrong}`,
      wayOut: 'call the hook by its own name; for the alias move away what has its name, and run memory_sync install',
    }
  },
}
