/**
 * The proof, for anyone to run: writers on a root and a Redis of their own, while things are killed, stopped and emptied; and in
 * the end every acknowledged write is looked for, in the file and in Redis.
 */
import { Arena, type Place } from './arena.js'
import { Chance } from './chance.js'
import { ACTS } from './scenarios.js'
import { Writing } from './session.js'
import { MemoryError } from '../errors/errors.js'
import { serverOnPath } from '../platform/redis-server.js'
import { longPlans, type Mode, modesFor, type Numbers, type Plan, type RedisKind, type Scenario, usualPlans } from './plan.js'
import { isGood, type Part, type Verdict } from './verdict.js'

const QUIET_MS = 60_000

export interface SelftestOptions {
  scenario: Scenario
  place: Place
  seed: number
  numbers: Numbers
  /** The numbers that the promise is measured with. */
  long: boolean
  /** Only this one. */
  mode?: string
  /** Files only. */
  withoutRedis: boolean
  /** Leaves the root where something was not kept. */
  keep: boolean
  say: (line: string) => void
  /** Ends it: everything is stopped and removed, and the reason is thrown. */
  signal: AbortSignal
  /** Done before the verdict, when everything is quiet: a test that the verdict can fail. */
  meddle?: (arena: Arena) => Promise<void>
  /** So long file and Redis may take to become whole and equal; default a minute, on a machine that has other things to do. */
  quietMs?: number
}

/** Throws MemoryError `usage` for what cannot be done, and the signal's reason when it is ended. */
export async function runSelftest(options: SelftestOptions): Promise<Verdict> {
  const { scenario, seed, numbers, long, say } = options
  const redis = redisOf(options)
  if (redis === 'none' && !options.withoutRedis) say('there is no redis-server or valkey-server on the PATH: files only')
  const modes = modesOf(options, redis)
  const plans = long ? longPlans(scenario, modes) : usualPlans(scenario, modes, numbers)
  const verdict: Verdict = { ok: true, scenario, seed, redis, parts: [] }
  for (const [i, plan] of plans.entries()) {
    const { part, kept } = await runPart(options, plan, seed + i)
    verdict.parts.push(part)
    verdict.ok &&= isGood(part)
    if (kept !== undefined) verdict.kept = kept
  }
  return verdict
}

function modesOf({ scenario, mode }: SelftestOptions, redis: RedisKind): Mode[] {
  const modes = modesFor(scenario, redis)
  const wanted = mode === undefined ? modes : modes.filter(({ name }) => name === mode)
  if (wanted.length > 0) return wanted
  throw new MemoryError('usage', `${scenario} has no mode ${mode ?? ''} here`, {
    suggestions: [`name one of ${modes.map(({ name }) => name).join(', ')}`],
  })
}

function redisOf({ scenario, place, withoutRedis }: SelftestOptions): RedisKind {
  const redis = withoutRedis ? 'none' : place.given !== undefined ? 'given' : serverOnPath() !== null ? 'private' : 'none'
  if (scenario === 'switch' && redis !== 'private') {
    throw new MemoryError('usage', `switch kills and empties a Redis, ${redis === 'given' ? 'and does so to none that it was given' : 'and there is none'}`, {
      suggestions: ['leave --redis-url and --redis off out, and install redis-server: a private one is started'],
    })
  }
  return redis
}

async function runPart(options: SelftestOptions, plan: Plan, seed: number): Promise<{ part: Part; kept?: string }> {
  const { signal, say, scenario } = options
  const tag = `${seed}-${Math.floor(Math.random() * 2 ** 32).toString(16)}`
  const arena = await Arena.make(options.place, plan.mode.redis, tag)
  const endAll = (): void => void arena.endProcesses()
  signal.addEventListener('abort', endAll)
  const writing = new Writing({ arena, plan, chance: new Chance(seed), tag, signal })
  const timer = setInterval(() => {
    const kills = writing.kills.writers + writing.kills.hub + writing.kills.redis
    say(`selftest ${scenario}, ${plan.mode.name}: ${writing.ledger.acknowledgedCount} writes acknowledged${kills > 0 ? `, ${kills} kills` : ''}`)
  }, 1_000)
  let isBad = false
  try {
    signal.throwIfAborted() // while Redis was started
    if (plan.mode.hub === 'always') await arena.startHub()
    await ACTS[scenario](writing)
    signal.throwIfAborted()
    if (options.meddle !== undefined) {
      await writing.quiet(QUIET_MS)
      await options.meddle(arena)
    }
    const part = await writing.part(options.quietMs ?? QUIET_MS)
    isBad = !isGood(part)
    return { part, ...(isBad && options.keep && { kept: arena.root }) }
  } catch (error) {
    signal.throwIfAborted() // what ended because everything was ended is not the reason
    throw error
  } finally {
    clearInterval(timer)
    writing.end()
    signal.removeEventListener('abort', endAll)
    await arena.clean({ keepRoot: isBad && options.keep })
  }
}
