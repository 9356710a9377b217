/** Runs a bundled simulation as a process of its own: it is deterministic, and two of them use two cores. */
import { execFile } from 'node:child_process'
import type { Report } from './main.js'

export interface Order {
  runs: number
  first: number
  options: readonly string[]
  /** Ends at the first violation. */
  stop?: boolean
  /** Only violations that match count. */
  shows?: RegExp
  /** Prints what happened, as far as it is about this word. */
  trace?: string
}

export function simulate(bundle: string, { runs, first, options, stop = false, shows, trace }: Order): Promise<Report> {
  const env = { ...process.env, STOP: stop ? '1' : '', SHOWS: shows?.source ?? '', TRACE: trace === undefined ? '' : '1', WORD: trace ?? '' }
  return new Promise((resolve, reject) => {
    const settings = { env, maxBuffer: 256 * 1024 * 1024 }
    execFile(process.execPath, [bundle, String(runs), String(first), ...options], settings, (error, stdout, stderr) => {
      const lines = stdout.trimEnd().split('\n')
      const report = lines.pop() ?? ''
      if (lines.length > 0) console.log(lines.join('\n'))
      if (error === null) resolve(JSON.parse(report) as Report)
      else reject(new Error(`the simulation ended with ${error.code}: ${stderr.slice(0, 2_000)}`))
    })
  })
}

/** What was found, with the way to look at it; empty: nothing. */
export function complaintOf({ bad, badRuns, runs }: Report): string {
  if (badRuns === 0) return ''
  const seeds = bad.map(({ seed, violations }) => `seed ${seed}:\n${violations.map((text) => `  ${text}`).join('\n')}`)
  const settings = `MEMORY_SYNC_TEST_SEED=${bad[0]?.seed} MEMORY_SYNC_TEST_TRACE=<a word of it>`
  const how = `to see what happened: ${settings} npx vitest run --project sim -t '<name of this test>'`
  return [`${badRuns} of ${runs} runs were wrong`, ...seeds, how].join('\n')
}
