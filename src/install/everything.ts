/** All stages of `install`, in their order. */
import { readPasswordFile } from '../config/password-file.js'
import { randomHex } from '../platform/digests.js'
import type { Installer, ServiceChoice } from './installer.js'
import { type HealthReport, healthOf, roundTripStage } from './proof.js'
import { decideRedis, REDIS_CHOICES, type RedisChoice } from './redis.js'
import type { Stage } from './stages.js'

export interface EverythingOptions extends ServiceChoice {
  redis: RedisChoice | undefined
  redisUrl: string | undefined
  redisPasswordFile: string | undefined
  maryScript: string | undefined
  rndScript: string | undefined
}

export interface Everything {
  /** What changes files: all that a dry run shows. */
  stages: Stage[]
  /** What proves it. */
  proof: Stage[]
  /** null: it has not come as far. */
  health: () => HealthReport | null
}

export async function everything(installer: Installer, options: EverythingOptions): Promise<Everything> {
  const asked = options.redis ?? REDIS_CHOICES.find((choice) => choice === installer.record.redis?.asked) ?? 'auto'
  const flags = { url: options.redisUrl, passwordFileText: readPasswordFile(options.redisPasswordFile) }
  const decision = await decideRedis({ asked, env: installer.options.env, flags, before: installer.record.redis })
  const dispatchers = installer.dispatcherStage(options)
  await dispatchers.plan?.() // a script that was named and cannot be used is said before anything is done
  const proof = await installer.proof(options)
  let report: HealthReport | null = null
  const healthStage: Stage = {
    name: 'health',
    title: 'Health',
    async act() {
      report = await healthOf(proof)
      return `${report.score}% (${report.passed}/${report.counted})`
    },
  }
  return {
    stages: [
      installer.programStage(),
      installer.redisStage(decision, asked),
      installer.rootStage(),
      installer.dropInStage(),
      dispatchers,
      await installer.serviceStage(options),
      installer.sweepStage(),
    ],
    proof: [roundTripStage(proof, () => randomHex(8), (isThere) => { installer.noteTestAgent(isThere) }), healthStage],
    health: () => report,
  }
}
