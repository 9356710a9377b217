/** What every store promises: one suite that each driver runs. It is the specification of src/store/contract.ts. */
import { describe } from 'vitest'
import { describeConditions } from './suite/conditions.js'
import { describeEpochs } from './suite/epochs.js'
import { describeHistory } from './suite/history.js'
import { describeIds } from './suite/ids.js'
import { describeLegacy } from './suite/legacy.js'
import { describeLife } from './suite/life.js'
import { describeLosses } from './suite/losses.js'
import type { StoreUnderTest } from './suite/session.js'
import { describeStamps } from './suite/stamps.js'
import { describeValues } from './suite/values.js'

/** `shared`: several roots write to it. The others: what `make` returns can do that. */
export type Capability = 'shared' | 'restart' | 'evict' | 'legacySet' | 'setFence'

export interface Subject {
  /** A store without any data. */
  make: () => Promise<StoreUnderTest>
  can: (capability: Capability) => boolean
}

export function storeContract(name: string, make: Subject['make'], capabilities: readonly Capability[]): void {
  const subject: Subject = { make, can: (capability) => capabilities.includes(capability) }
  describe(`the ${name} store`, () => {
    describeEpochs(subject)
    describeConditions(subject)
    describeIds(subject)
    describeHistory(subject)
    describeLife(subject)
    describeStamps(subject)
    describeValues(subject)
    describeLosses(subject)
    describeLegacy(subject)
  })
}
