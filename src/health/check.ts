/** One thing that can be well or not. A check that cannot fail is a defect: each has a test that makes it go red. */
import type { Facts } from './facts.js'

export type Section = 'Hub Service' | 'Redis' | 'Integration Hooks' | 'Shared Memory' | 'Recent Activity'

/** `warn` is worth knowing and does not count against the score; `off` is so by choice. */
export type Level = 'ok' | 'warn' | 'bad' | 'off'

export interface Finding {
  level: Level
  /** What was found. */
  text: string
  /** What to do about it: for `warn` and `bad`. */
  wayOut?: string
}

export interface Check {
  name: string
  section: Section
  look(facts: Facts): Finding
}
