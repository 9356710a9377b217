import type { Check } from '../check.js'
import { noPart } from '../pieces.js'
import { someOf } from '../some-of.js'

const WORDS = { none: 'has lost its memory_sync block', damaged: 'has a damaged memory_sync block', old: 'has a memory_sync block that is not this one' }

export const dispatchers: Check = {
  name: 'dispatchers',
  section: 'Integration Hooks',
  look({ installed }) {
    const scripts = installed?.dispatchers ?? []
    if (scripts.length === 0) return noPart(installed, 'Dispatchers', 'none has a block of ours')
    const wrong = scripts.flatMap(({ path, block }) => (block === 'in-place' ? [] : [`${path} ${WORDS[block]}`]))
    if (wrong.length === 0) return { level: 'ok', text: `Dispatchers record their orders: ${scripts.map(({ path }) => path).join(', ')}` }
    return { level: 'bad', text: `Orders are not recorded: ${someOf(wrong)}`, wayOut: 'memory_sync install puts the block back' }
  },
}
