import type { Check } from '../check.js'
import { noPart } from '../pieces.js'

/** Another installation, or an old script, that a shell finds first. */
export const command: Check = {
  name: 'command',
  section: 'Integration Hooks',
  look({ installed }) {
    const installedCommand = installed?.command ?? null
    if (installedCommand === null) return noPart(installed, 'Command memory_sync', 'none is installed')
    const { path, isOnPath, before } = installedCommand
    if (!isOnPath) return { level: 'off', text: `Command memory_sync: the folder of ${path} is not on this PATH` }
    if (before === null) return { level: 'ok', text: `Command memory_sync: no other comes before ${path}` }
    return {
      level: 'warn',
      text: `${before} comes before ${path} on this PATH: it is what "memory_sync" calls`,
      wayOut: `put the folder of ${path} first on the PATH, or move the other away`,
    }
  },
}
