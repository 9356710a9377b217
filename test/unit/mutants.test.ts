/** The simulation takes minutes; that a place of the source has been rewritten under a mutant is known at once. */
import { expect, it } from 'vitest'
import { replaced } from '../sim/bundle.js'
import { MUTANTS } from '../sim/mutants.js'
import { SCALE } from '../sim/scale.js'

it.each(MUTANTS)('$name: its places are there', async ({ changes }) => {
  await expect(replaced([...SCALE, ...changes])).resolves.toBeInstanceOf(Map)
})
