/** Each naive choice is made once: where the simulation notices nothing, it is the simulation that is broken. */
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runs } from '../support/budget.js'
import { makeTempFolder } from '../support/temp.js'
import { bundleSimulation } from './bundle.js'
import { MUTANTS } from './mutants.js'
import { complaintOf, simulate } from './simulate.js'

/** Each was found within a few dozen seeds: what is needed, and a margin, since every change of the source shuffles them. */
const MAX_SEEDS = 1_500

describe('a naive choice is noticed', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await makeTempFolder()
  })

  for (const [i, { name, what, changes, options = [], shows }] of MUTANTS.entries()) {
    it(`${name}: ${what}`, async () => {
      const bundle = path.join(folder, `${i}.mjs`)
      await bundleSimulation(bundle, changes)
      const report = await simulate(bundle, { runs: MAX_SEEDS, first: 1, options, shows, stop: true })
      expect(report.badRuns, `not noticed in ${report.runs} runs`).toBe(1)
    })
  }
})

describe('the source as it is', () => {
  const all = [...new Set(MUTANTS.map(({ options = [] }) => options.join(' ')))].filter((options) => options !== '')
  let bundle = ''
  beforeAll(async () => {
    bundle = path.join(await makeTempFolder(), 'simulation.mjs')
    await bundleSimulation(bundle)
  })

  for (const text of all) {
    it(`is sound under ${text}`, async () => {
      const options = text.split(' ')
      expect(complaintOf(await simulate(bundle, { runs: runs(30, 5), first: 1, options }))).toBe('')
    })
  }
})

describe('a mutant', () => {
  it('that does not apply any more says so', async () => {
    const nowhere = { file: 'src/core/keeper.ts', find: 'this is nowhere', replace: '' }
    await expect(bundleSimulation('unused', [nowhere])).rejects.toThrow('does not apply any more')
  })
})
