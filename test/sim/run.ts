/** One run of the simulation: a seed, a few thousand steps of trouble, peace, and what must be true then. */
import type { TreeMap } from '../../src/domain/json.js'
import { differences, fileOf } from './check-convergence.js'
import { checkFiles, isUnderWay } from './check-files.js'
import { checkOrder } from './check-order.js'
import { checkWrites } from './check-writes.js'
import { fault } from './faults.js'
import { DEFAULTS, type RunOptions } from './options.js'
import { Others } from './others.js'
import { drain } from './scheduler.js'
import { Workload } from './workload.js'
import { type Host, World } from './world.js'

export interface RunResult {
  violations: string[]
  acknowledged: number
}

export async function run(seed: number, options: RunOptions = DEFAULTS): Promise<RunResult> {
  const simulation = new Simulation(new World(seed, { ...options }))
  await simulation.trouble()
  await simulation.peace()
  return simulation.verdict()
}

/** Steps of peace: at least, and at most. */
const CALM_STEPS = 600
const MAX_STEPS = 20_000

class Simulation {
  private readonly workload: Workload
  private readonly others: Others
  private readonly violations: string[] = []

  constructor(private readonly world: World) {
    this.workload = new Workload(world)
    this.others = new Others(world, this.workload)
  }

  async trouble(): Promise<void> {
    const { world } = this
    const { steps, hubs, writes, edits, faultRate } = world.options
    if (hubs) for (const host of world.hosts) world.startHub(host)
    for (let step = 0; step < steps; step++) {
      world.now += 1 + Math.floor(world.chance.next() * 2)
      if (world.chance.chance(writes)) this.workload.startWriter()
      if (world.chance.chance(faultRate)) await fault(world, this.others)
      if (world.chance.chance(edits)) this.others.startEditor()
      await this.step(step)
    }
  }

  async peace(): Promise<void> {
    const { world } = this
    if (world.state === 'down') world.restart(world.chance.chance(0.3) ? 'nothing' : 'all')
    await world.resume()
    for (const process of world.processes) process.stopped = false
    world.options.replyLoss = 0
    for (const host of world.hosts) {
      host.cut = false
      host.rounds = 0
      world.startHub(host)
    }
    for (let step = 0; step < MAX_STEPS; step++) {
      world.now += 5
      await this.step(step)
      if (step > CALM_STEPS && step % 100 === 0 && (await this.isQuiet())) return
    }
    this.violations.push(...(await differences(world, await this.views())))
  }

  verdict(): RunResult {
    const { world, workload, others } = this
    const agents = fileOf(world, world.hosts[0]!).get('agents')
    const violations = [
      ...world.processes.flatMap(({ name, failure }) => (failure === undefined ? [] : [`FAILED ${name}: ${describe(failure)}`])),
      ...this.violations,
      ...checkWrites(world, workload, others, typeof agents === 'object' ? agents : new Map()),
      ...checkOrder(world),
      ...world.hosts.flatMap(checkFiles),
    ]
    return { violations, acknowledged: workload.acks.length }
  }

  private async step(n: number): Promise<void> {
    const ready = this.world.processes.filter((process) => process.isReady)
    if (ready.length > 0) this.world.chance.pick(ready).open()
    await drain()
    if (n % 50 === 0) this.prune()
  }

  /** Those that ended are looked at no more. */
  private prune(): void {
    const { processes } = this.world
    const left = processes.filter(({ alive, finished, failure }) => failure !== undefined || (alive && !finished))
    processes.splice(0, processes.length, ...left)
  }

  private async isQuiet(): Promise<boolean> {
    const { hosts, processes } = this.world
    const busy = processes.some(({ name, alive, finished }) => !name.startsWith('hub') && alive && !finished)
    if (busy) for (const host of hosts) host.rounds = 0
    // What was replaced is looked at again after a second, in a round of its own; and a round may just be saving what it has pulled.
    if (busy || hosts.some(isUnderWay) || hosts.some((host) => host.rounds < 2 || host.watcher.isLooking)) return false
    return (await differences(this.world, await this.views())).length === 0
  }

  /** With files only: what a reader gets. It is a process too. */
  private async views(): Promise<Map<Host, TreeMap>> {
    const { world } = this
    const views = new Map<Host, TreeMap>()
    if (world.options.redis === 'named') return views
    for (const host of world.hosts) {
      const reader = world.spawn('reader', async (process) => {
        views.set(host, await world.viewOf(host, process))
      })
      for (let step = 0; step < CALM_STEPS && !reader.finished; step++) await this.step(step)
    }
    return views
  }
}

const describe = (failure: unknown): string =>
  failure instanceof Error ? (failure.stack ?? failure.message).split('\n').slice(0, 4).join(' | ') : String(failure)
