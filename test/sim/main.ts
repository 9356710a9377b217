/**
 * `node <bundle> RUNS FIRST_SEED [option=value ..]`: one line of JSON with what was found. TRACE=1: what happened in each run,
 * with WORD only the lines about it and the faults. STOP=1: ends at the first violation. SHOWS: only violations that match count.
 */
import { optionsFrom } from './options.js'
import { run } from './run.js'
import { trace } from './trace.js'

export interface Report {
  runs: number
  acknowledged: number
  /** The first few seeds with a violation. */
  bad: { seed: number; violations: string[] }[]
  badRuns: number
  seconds: number
}

const SHOWN = 5

const [runs = '100', first = '1', ...settings] = process.argv.slice(2)
const options = optionsFrom(settings)
trace.on = process.env['TRACE'] === '1'
const report: Report = { runs: 0, acknowledged: 0, bad: [], badRuns: 0, seconds: 0 }
const shown = new RegExp(process.env['SHOWS'] ?? '')
const began = Date.now()
for (let seed = Number(first); seed < Number(first) + Number(runs); seed++) {
  const { violations: all, acknowledged } = await run(seed, options)
  const violations = all.filter((text) => shown.test(text))
  report.runs++
  report.acknowledged += acknowledged
  for (const line of trace.lines.splice(0)) if (isAsked(line)) console.log(line)
  if (violations.length === 0) continue
  report.badRuns++
  if (report.bad.length < SHOWN) report.bad.push({ seed, violations: violations.slice(0, 4).map((text) => text.slice(0, 1_500)) })
  if (process.env['STOP'] === '1') break
}
report.seconds = (Date.now() - began) / 1_000
console.log(JSON.stringify(report))

function isAsked(line: string): boolean {
  return line.includes(process.env['WORD'] ?? '') || /RESTART|FLUSH|EVICT|KILL|epoch|contain/.test(line)
}
