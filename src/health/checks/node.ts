import type { Check } from '../check.js'
import { someOf } from '../some-of.js'

/** What is installed looks for another one then, and finds none at the next upgrade, or one that is too old. */
export const node: Check = {
  name: 'node',
  section: 'Hub Service',
  look({ installed }) {
    const written = installed?.nodes ?? []
    const gone = written.filter(({ isThere }) => !isThere)
    const names = (of: typeof written): string => [...new Set(of.map(({ node: path }) => path))].join(', ')
    if (written.length === 0) return { level: 'off', text: 'Node of scripts and service: none is written down' }
    if (gone.length === 0) return { level: 'ok', text: `Node of scripts and service: ${names(written)}` }
    return {
      level: 'warn',
      text: `The Node ${names(gone)} is gone: ${someOf(gone.map(({ path }) => path))} look for another one at each start`,
      wayOut: 'memory_sync install writes down the one that it runs with',
    }
  },
}
