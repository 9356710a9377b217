/** node <bundle> RUNS FIRST_SEED [option=value ..]: runs and counts; prints the first violations. */
import { trace } from './trace.js'
import { DEFAULTS, run, type RunOptions } from './run.js'

const [runs = '100', first = '1', ...settings] = process.argv.slice(2)
const options: RunOptions = { ...DEFAULTS }
for (const setting of settings) {
  const [name, value] = setting.split('=')
  Object.assign(options, { [name!]: Number.isNaN(Number(value)) ? value : Number(value) })
}
trace.on = process.env['TRACE'] === '1'
let bad = 0
let acknowledged = 0
const began = Date.now()
for (let seed = Number(first); seed < Number(first) + Number(runs); seed++) {
  const result = await run(seed, { ...options })
  acknowledged += result.acknowledged
  if (trace.on) console.log(trace.lines.filter((line) => (process.env["WORD"] !== "VERSION" && line.includes("VERSION")) ? false : line.includes(process.env['WORD'] ?? '') || /EPOCH|RESTART|FLUSH|epoch|contain|KILL|EVICT/.test(line)).join('\n'))
  if (result.violations.length === 0) continue
  bad++
  if (bad <= 3) console.log(`seed ${seed}:\n${result.violations.slice(0, 4).join('\n').slice(0, 1500)}`)
}
console.log(JSON.stringify({ runs: Number(runs), bad, acknowledged, seconds: (Date.now() - began) / 1000 }))
