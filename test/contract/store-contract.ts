/**
 * What every store promises: the specification of src/store/contract.ts, run for every driver. A driver that cannot do
 * something to itself (lose a record, be written to by legacy programs) leaves that out, and the tests of it are skipped.
 */
import { describe } from 'vitest'
import type { MakeStore } from './support/harness.js'
import { knowledgeContract } from './support/knowledge.js'
import { lineageContract } from './support/lineages.js'
import { lossContract } from './support/losses.js'
import { recordContract } from './support/records.js'
import { verdictContract } from './support/verdicts.js'

/** `make` gives a new, empty data set each time. */
export function storeContract(name: string, make: MakeStore): void {
  describe(`the ${name} store`, () => {
    verdictContract(make)
    recordContract(make)
    knowledgeContract(make)
    lineageContract(make)
    lossContract(make)
  })
}
