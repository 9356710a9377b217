/** Whether what was installed works: seen from outside, by the installed program, with nothing but what a service has. */
import { once } from 'node:events'
import { join } from 'node:path'
import { MemoryError, messageOf } from '../errors/errors.js'
import type { Clock } from '../platform/clock.js'
import { type Finished, runChild, startChild } from '../platform/children.js'
import { readText } from '../platform/read-text.js'
import type { Places } from './places.js'
import type { Stage } from './stages.js'

export interface ProofOptions {
  places: Places
  /** What runs the installed program, and with which environment. */
  program: readonly [string, ...string[]]
  env: Readonly<Record<string, string>>
  clock: Pick<Clock, 'pause'>
}

export interface HealthReport {
  healthy: boolean
  score: number
  passed: number
  counted: number
  findings: { level: string; text: string; wayOut?: string; section: string }[]
}

interface Written {
  rev: number | null
  durability: 'redis' | 'file'
}

/** The agent of the round trip; it is removed again. */
export const AGENT = 'memory_sync.install'
const WATCH_SECONDS = 20
/** The exit of a watch whose time is up. */
const TIME_IS_UP = 11
const CALL_MS = 60_000
const FILE_MS = 10_000
const POLL_MS = 20

/** A write, that a watcher and the file then have. `note`: on the disk when it returns, for whoever comes after one that was killed. */
export function roundTripStage(options: ProofOptions, random: () => string, note: (isThere: boolean) => void): Stage {
  return {
    name: 'round-trip',
    title: 'Round trip: a write, seen by a watcher, and in the file',
    async act() {
      const token = random()
      const { rev } = JSON.parse(await must(options, 'get', '--with-meta')) as { rev: number }
      note(true)
      const began = performance.now()
      const written = JSON.parse(await must(options, 'set', AGENT, `check="${token}"`, '--json')) as Written
      try {
        if (!(await watcherSees(options, token, rev))) throw failed('a watcher does not see what was written')
        await untilInFile(options, token)
      } finally {
        await must(options, 'remove', AGENT)
        note(false)
      }
      const where = written.durability === 'redis' ? 'in Redis' : 'in the journal of this machine'
      return `written by one program (rev ${written.rev}, ${where}), seen by another, and in context.json: ${Math.round(performance.now() - began)} ms with their starts`
    },
  }
}

/** What a round trip that was killed has left. null: it is gone; else why it may be there yet. Never rejects. */
export async function removeTestAgent(options: Pick<ProofOptions, 'program' | 'env'>): Promise<string | null> {
  try {
    const { code, stdout, stderr } = await run(options, 'remove', AGENT, '--json')
    const said = `${stdout}${stderr}`.trim()
    return code === 0 || said.includes('"code":"absent"') ? null : said // its exit, 1, is that of other failures too
  } catch (error) {
    return messageOf(error)
  }
}

/** What `health` says; it is for the caller to judge. */
export async function healthOf(options: ProofOptions): Promise<HealthReport> {
  const { stdout, stderr } = await run(options, 'health', '--json')
  try {
    return JSON.parse(stdout) as HealthReport
  } catch {
    throw failed(`health says nothing: ${stderr.trim()}`)
  }
}

/** In whichever line: of a Redis that has started anew, a gap and a snapshot may come first, or in place of the change. */
async function watcherSees({ program: [file, ...first], env }: ProofOptions, token: string, since: number): Promise<boolean> {
  const args = [...first, 'watch', ...['--agent', AGENT, '--since', String(since), '--timeout', String(WATCH_SECONDS)]]
  let isSeen = false
  let told = ''
  const complaint = (text: string): void => void (told += text)
  const child = startChild(file, args, env, (line) => {
    isSeen ||= line.includes(token)
    if (isSeen) child.kill()
  }, { complaint })
  const limit = setTimeout(() => child.kill('SIGKILL'), CALL_MS)
  await once(child, 'close').finally(() => {
    clearTimeout(limit)
  })
  if (!isSeen && child.exitCode !== TIME_IS_UP) throw failed(`memory_sync watch ended with ${child.exitCode}: ${told.trim()}`)
  return isSeen
}

/** A file that cannot be read may be one that the hub is about to replace. */
async function untilInFile({ clock, places }: ProofOptions, token: string): Promise<void> {
  const path = join(places.root, 'shared_memory', 'context.json')
  const deadline = performance.now() + FILE_MS
  for (let look = lookFor(token, path); look !== 'seen'; look = lookFor(token, path)) {
    if (performance.now() >= deadline) throw failed(`context.json does not have what was written${look.why}`)
    await clock.pause(POLL_MS)
  }
}

function lookFor(token: string, path: string): 'seen' | { why: string } {
  try {
    return readText(path).includes(token) ? 'seen' : { why: '' } // a pipe would keep a plain read waiting
  } catch (error) {
    return { why: `: ${messageOf(error)}` }
  }
}

async function must(options: ProofOptions, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(options, ...args)
  if (code === 0) return stdout
  throw failed(`memory_sync ${args[0] ?? ''} ended with ${code}: ${stderr.trim()}`)
}

function run({ program: [file, ...first], env }: Pick<ProofOptions, 'program' | 'env'>, ...args: string[]): Promise<Finished> {
  return runChild(file, [...first, ...args], env, { timeoutMs: CALL_MS })
}

const failed = (message: string): MemoryError => new MemoryError('failed', message)
