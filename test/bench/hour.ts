/** `npm run bench:hour`: what a hub takes while it serves for long. `BENCH_MINUTES=5` for a short one. Results: docs/benchmarks.md. */
import { readdirSync, statSync } from 'node:fs'
import { startHub } from '../support/program.js'
import { startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { cpuOf, ms, openLibrary, residentOf, type Row, runSections, Samples, type Section, sleep } from './support.js'

const MINUTES = Number(process.env['BENCH_MINUTES'] ?? 60)
const ROWS = 12
const RATE = 50
const AGENTS = 10

const MB = 1024 * 1024

/** Of everything below `.memory_sync`, in bytes. */
function keptIn(root: string): number {
  const folder = `${root}/shared_memory/.memory_sync`
  const sizes = readdirSync(folder).map((name) => statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}

const load: Section = {
  name: `${MINUTES} minutes of ${RATE} updates a second on ${AGENTS} agents, with a watcher`,
  columns: ['updates', 'told', 'ack p50', 'ack p99', 'hub CPU', 'resident', 'files of the root'],
  async run() {
    const server = await startRedis()
    const root = await makeTempFolder()
    const hub = await startHub({ root, redis: server.url })
    const memory = await openLibrary({ root, redisUrl: server.url })
    const end = new AbortController()
    let told = 0
    const watching = (async () => {
      for await (const event of memory.watch({ signal: end.signal })) if (event['rev'] !== undefined) told++
    })().catch(() => undefined)

    const rows: Row[] = []
    let sent = 0
    const began = performance.now()
    for (let row = 1; row <= ROWS; row++) {
      const acks = new Samples()
      const [cpu, from] = [cpuOf(hub.pid), performance.now()]
      for (const until = began + (row * MINUTES * 60_000) / ROWS; performance.now() < until; ) {
        const start = performance.now()
        await memory.updateAgentContext(`agent${sent % AGENTS}`, { n: sent, note: `what agent ${sent % AGENTS} has to say of ${sent}` })
        acks.add(performance.now() - start)
        sent++
        await sleep(began + (sent * 1_000) / RATE - performance.now())
      }
      const share = (cpuOf(hub.pid) - cpu) / (performance.now() - from)
      rows.push({
        what: `after ${((row * MINUTES) / ROWS).toFixed(0)} minutes`,
        cells: [`${sent}`, `${told}`, ms(acks.median), ms(acks.at(0.99)), `${(share * 100).toFixed(1)} %`, `${residentOf(hub.pid).toFixed(0)} MB`, `${(keptIn(root) / MB).toFixed(1)} MB`],
      })
      console.log(`${rows.at(-1)!.what}: ${rows.at(-1)!.cells.join(', ')}`)
    }
    end.abort()
    await watching
    await memory.close()
    hub.signal('SIGTERM')
    await hub.ended()
    await server.stop()
    return rows
  },
}

await runSections([load])
