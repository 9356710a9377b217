/**
 * The real engine on a disk and a network that are made up, in an order that a seed decides. Whatever is killed, cut off,
 * emptied, rolled back or evicted: no acknowledged write is lost, applied twice, brought back from the dead or beaten by an
 * older one, and in the end all sides say the same. MEMORY_SYNC_TEST_SEED=n begins with another seed; with
 * MEMORY_SYNC_TEST_TRACE=word only that one is run, and what happened is printed.
 */
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runs } from '../support/budget.js'
import { makeTempFolder } from '../support/temp.js'
import { bundleSimulation } from './bundle.js'
import { complaintOf, simulate } from './simulate.js'

const TRACE = process.env['MEMORY_SYNC_TEST_TRACE']
const FIRST_SEED = Number(process.env['MEMORY_SYNC_TEST_SEED'] ?? 1)

const VARIANTS: readonly { name: string; seeds: number; options: readonly string[] }[] = [
  { name: 'two hosts with hubs', seeds: runs(250, 30), options: [] },
  { name: 'no hubs: commands keep the root', seeds: runs(120, 12), options: ['hubs=false'] },
  { name: 'three hosts', seeds: runs(100, 12), options: ['hosts=3'] },
  { name: 'files only', seeds: runs(100, 12), options: ['redis=off', 'hosts=1'] },
  { name: 'programs that sleep', seeds: runs(60, 8), options: ['writes=0.03', 'fault.pause=0.3', 'fault.goOn=0.3', 'fault.cut=0.2', 'fault.join=0.3'] },
  { name: 'a Redis that evicts', seeds: runs(60, 8), options: ['fault.evict=0.2', 'faultRate=0.02'] },
]

describe('the simulation', () => {
  let bundle = ''
  beforeAll(async () => {
    bundle = path.join(await makeTempFolder(), 'simulation.mjs')
    await bundleSimulation(bundle)
  })

  for (const { name, seeds, options } of VARIANTS) {
    it(`finds nothing wrong: ${name}, ${seeds} seeds from ${FIRST_SEED}`, async () => {
      const trace = TRACE === undefined ? {} : { trace: TRACE }
      const report = await simulate(bundle, { runs: TRACE === undefined ? seeds : 1, first: FIRST_SEED, options, ...trace })
      expect(complaintOf(report)).toBe('')
      expect(report.acknowledged).toBeGreaterThan(report.runs * 5) // else nothing was tried
    })
  }
})
