/** What a run is made of. Everything can be set from the command line: `node <bundle> RUNS SEED hosts=3 fault.evict=0.2`. */

/** What can go wrong, with its share of all faults. */
export const FAULTS = {
  down: 0.1,
  up: 0.22,
  snapshot: 0.05,
  flush: 0.03,
  stop: 0.05,
  resume: 0.13,
  cut: 0.06,
  join: 0.12,
  kill: 0.04,
  pause: 0.04,
  goOn: 0.1,
  hub: 0.08,
  evict: 0.03,
  legacy: 0.04,
  overwrite: 0.03,
  /** A key of ours that belongs to no record is lost alone. */
  marks: 0,
  skew: 0.05,
}

export type FaultName = keyof typeof FAULTS

export interface RunOptions {
  hosts: number
  /** Probability that an answer of Redis is lost after the work was done. */
  replyLoss: number
  redis: 'named' | 'off'
  /** Steps of trouble, and the probability of each kind of event in a step. */
  steps: number
  faultRate: number
  writes: number
  edits: number
  hubs: boolean
  /** How far a clock may jump at once, ms. */
  jump: number
  faults: Record<FaultName, number>
}

export const DEFAULTS: RunOptions = {
  hosts: 2,
  replyLoss: 0.01,
  redis: 'named',
  steps: 3_000,
  faultRate: 0.012,
  writes: 0.012,
  edits: 0.003,
  hubs: true,
  jump: 300,
  faults: FAULTS,
}

/** `name=value`; a fault's share is `fault.<name>=<share>`. Throws where there is no such option. */
export function optionsFrom(settings: readonly string[]): RunOptions {
  const options = { ...DEFAULTS, faults: { ...FAULTS } }
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=')
    const fault = name.startsWith('fault.') ? name.slice('fault.'.length) : undefined
    const place: object = fault === undefined ? options : options.faults
    const key = fault ?? name
    if (!(key in place)) throw new Error(`there is no option ${setting}`)
    Object.assign(place, { [key]: parsed(value) })
  }
  return options
}

function parsed(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  return Number.isNaN(Number(value)) ? value : Number(value)
}
