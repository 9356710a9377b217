import type { Check } from '../check.js'

export const setAside: Check = {
  name: 'set-aside',
  section: 'Shared Memory',
  look({ setAside: kept }) {
    const newest = kept.at(-1)
    if (newest === undefined) return { level: 'ok', text: 'No file had to be set aside' }
    const foreign = kept.filter((path) => path.includes('.foreign.')).length
    const kinds = foreign === 0 ? 'unreadable' : foreign === kept.length ? 'foreign' : 'unreadable or foreign'
    return {
      level: 'warn',
      text: `${kept.length} ${kinds} file${kept.length === 1 ? ' was' : 's were'} set aside, the last as ${newest}`,
      wayOut: 'look into it for what its author meant, then move it away',
    }
  },
}
