import type { Check } from '../check.js'
import { noPart } from '../pieces.js'
import { someOf } from '../some-of.js'

/** Where it is gone, what is installed looks for another one, and finds none at the next upgrade, or one that is too old. One that is there is taken as it is. */
export const node: Check = {
  name: 'node',
  section: 'Hub Service',
  look({ installed }) {
    const written = installed?.nodes ?? []
    const gone = written.filter(({ is }) => is === 'gone')
    const unfit = written.filter(({ is }) => is === 'unfit')
    const names = (of: typeof written): string => [...new Set(of.map(({ node: path }) => path))].join(', ')
    if (written.length === 0) return noPart(installed, 'Node of scripts and service', 'none is written down')
    if (unfit.length > 0) {
      return {
        level: 'bad',
        text: `${names(unfit)} is no Node, or one that is too old for this program: ${someOf(unfit.map(({ path }) => path))} cannot run with it`,
        wayOut: 'put a later Node there, or run memory_sync install with one: that is written down then',
      }
    }
    if (gone.length === 0) return { level: 'ok', text: `Node of scripts and service: ${names(written)}` }
    return {
      level: 'warn',
      text: `The Node ${names(gone)} is gone: ${someOf(gone.map(({ path }) => path))} look for another one at each start`,
      wayOut: 'memory_sync install writes down the one that it runs with',
    }
  },
}
