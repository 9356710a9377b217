/** What a selftest is asked for. */

export type Scenario = 'race' | 'crash' | 'switch'
export const SCENARIOS: readonly Scenario[] = ['race', 'crash', 'switch']

/** With which stores, and with a hub always, never, or now and then. */
export interface Mode {
  name: string
  redis: boolean
  hub: 'always' | 'never' | 'sometimes'
}

const MODES: readonly Mode[] = [
  { name: 'redis-and-hub', redis: true, hub: 'always' },
  { name: 'redis-alone', redis: true, hub: 'never' },
  { name: 'redis-and-hub-at-times', redis: true, hub: 'sometimes' },
  { name: 'files-and-hub', redis: false, hub: 'always' },
  { name: 'files-alone', redis: false, hub: 'never' },
]

/** One thing to do, with its numbers. */
export interface Plan {
  scenario: Scenario
  mode: Mode
  /** Writers at once. */
  writers: number
  /** Of each writer in a race. */
  updates: number
  /** SIGKILLs of writers and of the hub in a crash. */
  kills: number
  /** Faults of Redis in a switch, and how long each lasts with the time after it, ms. */
  faults: readonly Fault[]
  everyMs: number
  /** Writes a second of each writer; 0: as fast as it goes. */
  rate: number
}

export const FAULTS = ['killed', 'stopped', 'emptied', 'restarted empty', 'set back'] as const
export type Fault = (typeof FAULTS)[number]

export interface Numbers {
  writers?: number
  updates?: number
  kills?: number
  seconds?: number
}

/** More writers than these start so many processes at once that the machine does nothing else; the others would take days. */
export const MOST: Readonly<Record<keyof Numbers, number>> = { writers: 1_000, updates: 10_000, kills: 10_000, seconds: 86_400 }

/** `given`: a Redis that is not ours, which nobody kills. */
export type RedisKind = 'private' | 'given' | 'none'

export const MODE_NAMES: readonly string[] = MODES.map(({ name }) => name)

export const modesFor = (scenario: Scenario, redis: RedisKind): Mode[] =>
  MODES.filter((mode) => {
    if (mode.redis && redis === 'none') return false
    if (scenario === 'switch') return mode.redis && mode.hub !== 'sometimes'
    return scenario === 'race' || mode.hub !== 'sometimes'
  })

/** What is done without further words: a minute or so in all. */
export function usualPlans(scenario: Scenario, modes: readonly Mode[], numbers: Numbers): Plan[] {
  const { writers = scenario === 'race' ? 20 : 6, updates = 20, kills = 60, seconds = 20 } = numbers
  const count = Math.max(FAULTS.length, Math.round(seconds / 2))
  return modes.map((mode) => ({
    ...{ scenario, mode, writers, updates, rate: 0 },
    kills: Math.ceil(kills / modes.length),
    faults: Array.from({ length: count }, (_, i) => FAULTS[i % FAULTS.length]!),
    everyMs: (seconds * 1_000) / count / modes.length,
  }))
}

/**
 * What the promise is measured with: 200 writers; 1,000 kills in each mode, while 6 writers do 10 updates a second each; 200 writers
 * through five restarts of Redis, and ten minutes of 50 agents at two updates a second with a fault every ten seconds.
 */
export function longPlans(scenario: Scenario, modes: readonly Mode[]): Plan[] {
  const none = { scenario, updates: 0, kills: 0, faults: [], everyMs: 0, rate: 0 }
  if (scenario === 'race') return modes.map((mode) => ({ ...none, mode, writers: 200, updates: 20 }))
  // As fast as it goes, what is there would grow until reading it took longer than all else.
  if (scenario === 'crash') return modes.map((mode) => ({ ...none, mode, writers: 6, kills: 1_000, rate: 10 }))
  return modes.flatMap((mode): Plan[] => [
    { ...none, mode, writers: 200, faults: Array.from({ length: 5 }, (): Fault => 'killed'), everyMs: 4_000 },
    { ...none, mode, writers: 50, rate: 2, faults: Array.from({ length: 60 }, (_, i) => FAULTS[i % FAULTS.length]!), everyMs: 10_000 },
  ])
}
