/** What a selftest found. */
import type { Tally } from './ledger.js'
import type { RedisKind, Scenario } from './plan.js'

export interface Part extends Tally {
  mode: string
  /** SIGKILLs. */
  kills: { writers: number; hub: number; redis: number }
  /** What was done to Redis, and how often. */
  faults: Record<string, number>
  /** null: without Redis. */
  fileEqualsRedis: boolean | null
  /** From the last write until file and Redis were whole and equal, ms. */
  quietMs: number
  /** The longest that a write took to be acknowledged, ms. */
  slowestMs: number
  seconds: number
}

export interface Verdict {
  ok: boolean
  scenario: Scenario
  seed: number
  redis: RedisKind
  parts: Part[]
  /** Where the root was left for a look. */
  kept?: string
}

/** Everything that was acknowledged is there, once and in order, on both sides, and nothing else was wrong. */
export const isGood = (part: Part): boolean =>
  part.acknowledged > 0 &&
  part.kept === part.acknowledged &&
  part.lost === 0 &&
  part.onOneSide === 0 &&
  part.twice === 0 &&
  part.outOfOrder === 0 &&
  part.fileEqualsRedis !== false &&
  part.problems.length === 0

export function formatVerdict({ ok, scenario, seed, redis, parts, kept }: Verdict): string {
  const acknowledged = parts.reduce((sum, part) => sum + part.acknowledged, 0)
  return [
    `selftest ${scenario}, seed ${seed}${redis === 'none' ? ', without Redis' : ''}`,
    ...parts.map(formatPart),
    ...parts.flatMap((part) => part.problems.map((problem) => `   ❌ ${part.mode}: ${problem}`)),
    ...(kept === undefined ? [] : [`   the root was left at ${kept}`]),
    ok
      ? `✅ All ${acknowledged} acknowledged writes are there, once and in order${redis === 'none' ? '' : ', and the file equals Redis'}`
      : `❌ Not everything that was acknowledged is as it should be (try it again with --seed ${seed})`,
  ].join('\n')
}

function formatPart(part: Part): string {
  const { mode, kills, faults } = part
  const done = [
    ...Object.entries(kills).flatMap(([what, count]) => (count > 0 ? [`${count} kills of ${what}`] : [])),
    ...Object.entries(faults).map(([fault, count]) => `${count} x ${fault}`),
  ]
  const counts = `${part.writes} writes, ${part.acknowledged} acknowledged, ${part.kept} kept, ${part.lost} lost, ${part.onOneSide} on one side only, ${part.twice} twice, ${part.outOfOrder} out of order`
  const open = `${part.unknown} not told, ${part.refused} refused`
  const equal = part.fileEqualsRedis === null ? '' : `, file ${part.fileEqualsRedis ? 'equals' : 'DIFFERS FROM'} Redis`
  return `${isGood(part) ? '✅' : '❌'} ${mode}: ${counts} (${open})${equal}; quiet after ${part.quietMs} ms, slowest write ${part.slowestMs} ms${done.length > 0 ? `; ${done.join(', ')}` : ''}`
}
