import {createRequire} from 'node:module'
import {expect, it} from 'vitest'
import {read} from './repository.js'

const {forbidden} = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {forbidden: {name: string; to: {pathNot?: string | string[]}}[]}

const LOWER = '-uses-only-lower-layers'
const TYPES = '-uses-only-types-of-'

/** Of a layer, in the words of the table: those that it may use, and of which types only. Errors are everybody's. */
function rulesOf(layer: string): {all: string[]; types: string[]} {
  const allowed = [forbidden.find(({name}) => name === layer + LOWER)!.to.pathNot ?? []].flat().slice(1)
  const names = allowed.map((path) => path.replace('^src/', '').replace('store/[^/]+\\.ts$', 'store contract').replace(/\/(control.*)?$/, ''))
  const types = forbidden.flatMap(({name}) => (name.startsWith(layer + TYPES) ? name.slice((layer + TYPES).length) : []))
  return {all: names.filter((name) => name !== 'errors' && !types.includes(name)).sort(), types: types.sort()}
}

/** What ARCHITECTURE.md says a layer may import: `a, b; types of c`. */
function saidOf(layer: string): {all: string[]; types: string[]} {
  const cell = new RegExp(`^\\| \`src/${layer}\`.* \\| ([^|]*) \\|$`, 'm').exec(read('ARCHITECTURE.md'))?.[1] ?? ''
  const parts = cell.split('; ')
  const list = (of: string[]): string[] => of.flatMap((part) => part.replace('types of ', '').split(', ')).filter((name) => name !== 'nothing of ours').sort()
  return {all: list(parts.filter((part) => !part.startsWith('types of '))), types: list(parts.filter((part) => part.startsWith('types of ')))}
}

const LAYERS = forbidden.flatMap(({name}) => (name.endsWith(LOWER) && name !== `errors${LOWER}` ? [name.slice(0, -LOWER.length)] : []))

it.each(LAYERS)('ARCHITECTURE.md says of src/%s what its rules are', (layer) => {
  expect(saidOf(layer)).toEqual(rulesOf(layer))
})
