/** One thing goes wrong, or right again. */
import { agentOf, agentTarget } from '../../src/domain/operation.js'
import { FAULTS, type FaultName } from './options.js'
import type { Others } from './others.js'
import type { Chance } from './scheduler.js'
import { note } from './trace.js'
import { AGENTS } from './workload.js'
import type { World } from './world.js'

export async function fault(world: World, others: Others): Promise<void> {
  const { chance, server } = world
  switch (pickFault(chance, world.options.faults)) {
    case 'down':
      if (world.state === 'up') world.state = 'down'
      break
    case 'up':
      if (world.state === 'down') comeBack(world)
      break
    case 'snapshot':
      if (world.state === 'up') world.snapshot = server.snapshot()
      break
    case 'flush':
      if (world.state === 'up') world.flush()
      break
    case 'stop':
      if (world.state === 'up') world.state = 'stopped'
      break
    case 'resume':
      if (world.state === 'stopped') await world.resume()
      break
    case 'cut':
      chance.pick(world.hosts).cut = true
      break
    case 'join':
      chance.pick(world.hosts).cut = false
      break
    case 'kill':
      kill(world)
      break
    case 'pause':
      pause(world)
      break
    case 'goOn':
      for (const process of world.processes) process.stopped = false
      break
    case 'hub':
      if (world.options.hubs) world.startHub(chance.pick(world.hosts))
      break
    case 'evict':
      evict(world, others)
      break
    case 'legacy':
      others.legacySet()
      break
    case 'overwrite':
      others.overwriteContext()
      break
    case 'marks':
      loseMarks(world)
      break
    case 'skew':
      skew(world)
  }
}

function pickFault(chance: Chance, shares: Record<FaultName, number>): FaultName {
  const names = Object.keys(FAULTS) as FaultName[]
  const sum = names.reduce((all, name) => all + shares[name], 0)
  let roll = chance.next() * sum
  for (const name of names) if ((roll -= shares[name]) < 0) return name
  return 'skew'
}

function comeBack(world: World): void {
  const how = world.chance.next()
  world.restart(how < 0.35 ? 'nothing' : how < 0.7 && world.snapshot !== null ? world.snapshot : 'all')
}

function kill(world: World): void {
  const alive = world.processes.filter((process) => process.alive && !process.finished && process.name !== 'editor')
  if (alive.length === 0) return
  const victim = world.chance.pick(alive)
  note(world.now, 'KILL', victim.name)
  victim.kill()
}

/** SIGSTOP: between any two of its steps, for as long as it takes. */
function pause({ chance, processes }: World): void {
  const ready = processes.filter((process) => process.isReady)
  if (ready.length > 0) chance.pick(ready).stopped = true
}

function evict(world: World, others: Others): void {
  const counted = [...world.server.data.records.keys()].filter((target) => target.startsWith('agent:rec'))
  const target = world.chance.pick([...AGENTS.map(agentTarget), ...counted])
  if (world.state === 'up') {
    others.settleLegacy(agentOf(target))
    world.server.evict(target)
  }
  note(world.now, 'EVICT', target, world.state)
}

/** A key that belongs to no record. */
function loseMarks(world: World): void {
  if (world.state !== 'up') return
  const key = world.chance.pick(['sync', 'sync', 'seen', 'counter', 'stream'] as const)
  note(world.now, 'EVICT', key)
  world.server.evictMarks(key)
}

function skew({ chance, hosts, options: { jump } }: World): void {
  const host = chance.pick(hosts)
  host.skew += chance.pick([-jump, -50, 50, jump])
  host.skews = [Math.min(host.skew, host.skews[0]), Math.max(host.skew, host.skews[1])]
}
