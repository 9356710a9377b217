import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { refuseEmpty, wholeNumber } from '../cli/conditions.js'
import { untilSignal } from '../cli/ending.js'
import { environment, openOptionsOf } from '../cli/open.js'
import type { StoreFlags } from '../cli/store-flags.js'
import { MemoryError } from '../errors/errors.js'
import type { OpenOptions } from '../memory/open.js'
import type { Place } from '../selftest/arena.js'
import { MODE_NAMES, MOST, type Numbers, type Scenario, SCENARIOS } from '../selftest/plan.js'

const upTo = (name: keyof Numbers, summary: string): { summary: string; helpValue: string } => ({
  summary: `${summary}, 1 to ${MOST[name]}.`,
  helpValue: 'N',
})

const NUMBERS = {
  writers: Flags.string(upTo('writers', 'Writers at once')),
  updates: Flags.string(upTo('updates', 'race: writes of each writer')),
  kills: Flags.string(upTo('kills', 'crash: SIGKILLs in all')),
  seconds: Flags.string(upTo('seconds', 'switch: how long, in all')),
}

export default class Selftest extends BaseCommand {
  static override readonly summary = 'Prove on this machine that no acknowledged write is lost.'
  static override readonly description = `race: many writers at once. crash: writers and hub are killed (SIGKILL) at any moment. switch: Redis is killed, stopped,
emptied and set back while writers write. It runs this very program on a root of its own below the temporary directory, with a
private redis-server; your root and your Redis are not touched, and nothing is left, also after Ctrl-C. With --redis-url it uses
that Redis, under keys of its own, which are removed. Exit 0 only when every acknowledged write is there, once and in order, and the
file equals Redis.`
  static override readonly examples = [
    '<%= config.bin %> selftest race',
    '<%= config.bin %> selftest crash --kills 200 --seed 7',
    '<%= config.bin %> selftest switch --seconds 60 --json',
    '<%= config.bin %> selftest race --redis off',
  ]
  static override readonly args = {
    scenario: Args.string({ required: true, options: [...SCENARIOS], description: 'What is done.' }),
  }
  static override readonly flags = {
    ...NUMBERS,
    seed: Flags.string({ summary: 'Chance with this seed; it is said in the verdict.', helpValue: 'N' }),
    long: Flags.boolean({ summary: 'With the numbers that the promise is measured with: up to hours.' }),
    mode: Flags.string({ summary: 'Only with these stores and hubs; default: each.', options: [...MODE_NAMES] }),
    redis: Flags.string({ summary: 'off: files only.', options: ['private', 'off'], default: 'private' }),
    keep: Flags.boolean({ summary: 'Leave the root where something was not kept.' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Selftest)
    const [{ runSelftest }, { formatVerdict }] = await Promise.all([import('../selftest/run.js'), import('../selftest/verdict.js')])
    const seed = flags.seed === undefined ? randomInt(1, 1_000_000) : wholeNumber('--seed', flags.seed)
    const place = await placeOf(flags)
    const ended = await untilSignal((signal) =>
      runSelftest({
        ...{ scenario: args.scenario as Scenario, place, seed, numbers: numbersOf(flags), signal },
        ...{ long: flags.long, keep: flags.keep, withoutRedis: flags.redis === 'off' },
        ...(flags.mode !== undefined && { mode: flags.mode }),
        say: (line) => void this.note(line),
      }),
    )
    if ('code' in ended) return this.exit(ended.code)
    if (this.jsonEnabled()) await this.printReply(ended.result)
    else await this.print(formatVerdict(ended.result))
    if (!ended.result.ok) this.exit(1)
  }
}

const numbersOf = (flags: Partial<Record<keyof Numbers, string | undefined>>): Numbers =>
  Object.fromEntries(
    (Object.keys(NUMBERS) as (keyof Numbers)[]).flatMap((name) => {
      const text = flags[name]
      return text === undefined ? [] : [[name, numberOf(name, text)]]
    }),
  )

/** Throws MemoryError `usage` for none at all, and for more than a machine can do. */
function numberOf(name: keyof Numbers, text: string): number {
  const value = wholeNumber(`--${name}`, text)
  if (value >= 1 && value <= MOST[name]) return value
  throw new MemoryError('usage', `--${name} expects 1 to ${MOST[name]}, not ${value}`, {
    suggestions: [`leave --${name} out for the usual number, or take --long for those that the promise is measured with`],
  })
}

/** Only what was named on the command line counts: the user's own root and Redis are never meant. */
async function placeOf(flags: StoreFlags & { redis: string }): Promise<Place> {
  refuseEmpty(flags, 'root', 'redis-url', 'redis-password-file')
  const place: Place = {
    program: [process.execPath, process.argv[1]!],
    env: environment(),
    temporary: tmpdir(),
    ...(flags.root !== undefined && { root: resolve(flags.root) }),
  }
  const url = flags['redis-url']
  if (url === undefined) return place
  if (flags.redis === 'off') throw new MemoryError('usage', '--redis off and --redis-url contradict each other', { suggestions: ['leave one of them out'] })
  const file = flags['redis-password-file']
  const [{ redisOf }, { readConfig }] = await Promise.all([import('../memory/settings.js'), import('../config/file.js')])
  const options = openOptionsOf(flags)
  const redis = redisOf(options, await readConfig(options.env))
  if (redis.state !== 'named') return place
  await requireAnswer(options)
  const flagsOfCommands = ['--redis-url', url, ...(file === undefined ? [] : ['--redis-password-file', resolve(file)])]
  return { ...place, given: { flags: flagsOfCommands, endpoint: redis.endpoint } }
}

/** Writers that find no Redis go on without: of the one that was named nothing would be proved. */
async function requireAnswer(options: OpenOptions): Promise<void> {
  const { openConnector } = await import('../memory/engine.js')
  const connector = await openConnector(options)
  const isThere = (await connector.connect()) !== null
  const { reason } = connector
  await connector.close()
  if (!isThere) throw new MemoryError('unavailable', `the Redis that was named does not answer: ${reason ?? 'no answer'}`, { retryable: true })
}
