/** What is done to the writers, to the hub and to Redis while they write. */
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../errors/errors.js'
import type { Arena } from './arena.js'
import type { Fault } from './plan.js'
import type { Session, WriterProcess, Writing } from './session.js'
import type { WriterOrder } from './writer-process.js'

/** Processes of writers by the library; more do not fit on a small machine. */
const PROCESSES = 4
/** One in so many writers is a shell script: a process for each of its writes, of which it does fewer. */
const BY_COMMAND = 5

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `w${i + 1}`)

/** Round about equal shares; none empty. */
function share<T>(items: readonly T[], parts: number): T[][] {
  const shares = Array.from({ length: parts }, (_, part) => items.filter((_item, i) => i % parts === part))
  return shares.filter((items) => items.length > 0)
}

/** All at once, on agents of their own and on shared ones, with compare-and-set in between. */
export async function race(writing: Writing): Promise<void> {
  const { plan, arena, signal } = writing.session
  const names = namesOf(plan.writers)
  const scripts = names.filter((_, i) => i % BY_COMMAND === BY_COMMAND - 1)
  const others = names.filter((name) => !scripts.includes(name))
  const over = new AbortController()
  const comesAndGoes = plan.mode.hub === 'sometimes' ? comeAndGo(arena, AbortSignal.any([over.signal, signal])) : Promise.resolve()
  const hub = comesAndGoes.catch((error: unknown) => {
    if (!signal.aborted) writing.problem(`a hub could not start: ${messageOf(error)}`)
  })
  const processes = share(others, PROCESSES).map(async (part, i) => {
    const orders = part.map((name): WriterOrder => ({ name, first: 1, updates: plan.updates, keyed: false, again: [] }))
    const started = await writing.startWriters(orders, { names: [`c${i + 1}`], wins: plan.updates })
    await started.done
    if (started.child.exitCode !== 0 && !signal.aborted) writing.problem(`a writer ended with ${started.child.exitCode ?? 'a signal'}`)
  })
  let turn = Promise.resolve()
  const commands = scripts.map(async (name) => {
    await (turn = turn.then(() => pause(0))) // Node is deaf while it starts a process: between two of them it hears a signal
    for (let seq = 1; seq <= Math.ceil(plan.updates / BY_COMMAND) && !signal.aborted; seq++) await writing.writeByCommand(name, seq)
  })
  await Promise.all([...processes, ...commands])
  over.abort()
  await hub
}

async function comeAndGo(arena: Arena, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await arena.startHub()
    await pause(300)
    await arena.endHub('SIGTERM')
    await pause(100)
  }
}

/** SIGKILL at any moment: of a process of writers, or of the hub. Each goes on afterwards. */
export async function crash(writing: Writing): Promise<void> {
  const { plan, chance, arena, signal } = writing.session
  const groups = share(namesOf(plan.writers), PROCESSES)
  const start = (names: readonly string[]): Promise<WriterProcess> =>
    writing.startWriters(names.map((name) => writing.orderOf(name, isKeyed(name), null)))
  let processes = await Promise.all(groups.map(start))
  await writing.progress(1)
  for (let kill = 0; kill < plan.kills; kill++) {
    signal.throwIfAborted()
    await pause(chance.between(0, 80))
    if (plan.mode.hub === 'always' && chance.next() < 0.4) {
      await writing.killHub()
      await pause(chance.between(0, 60)) // for a while nobody is there
      await arena.startHub()
    } else {
      const victim = chance.pick(processes)
      await writing.kill(victim)
      const next = await start(victim.names)
      processes = processes.map((process) => (process === victim ? next : process))
    }
    await writing.progress(1)
  }
  await Promise.all(processes.map((process) => writing.stop(process)))
  await repeatUnknown(writing, groups.flat())
}

/** Every other writer gives its writes keys: those that nobody was told of are repeated, and must be there once. */
const isKeyed = (name: string): boolean => Number(name.slice(1)) % 2 === 1

async function repeatUnknown(writing: Writing, names: readonly string[]): Promise<void> {
  const open = names.filter((name) => isKeyed(name) && writing.ledger.unknownOf(name).length > 0)
  if (open.length > 0) await writing.stop(await writing.startWriters(open.map((name) => writing.orderOf(name, true, 0))))
}

/** Redis goes away and comes back in every way, while writes go on. */
export async function switchOver(writing: Writing): Promise<void> {
  const { plan, chance, signal } = writing.session
  const names = namesOf(plan.writers)
  const orders = names.map((name): WriterOrder => ({ name, first: 1, updates: null, keyed: false, again: [] }))
  const processes = await Promise.all(share(orders, PROCESSES).map((part) => writing.startWriters(part)))
  const over = new AbortController()
  const script = writeByCommands(writing, over.signal)
  await writing.progress(names.length)
  for (const fault of plan.faults) {
    signal.throwIfAborted()
    const began = performance.now()
    await harm(writing, fault, chance.between(200, Math.max(300, Math.min(2_000, plan.everyMs / 2))))
    await writing.progress(Math.min(names.length, 10))
    await pause(Math.max(0, plan.everyMs - (performance.now() - began)), undefined, { signal })
  }
  over.abort()
  await Promise.all([script, ...processes.map((process) => writing.stop(process))])
}

async function writeByCommands(writing: Writing, over: AbortSignal): Promise<void> {
  for (let seq = 1; !over.aborted && !writing.session.signal.aborted; seq++) await writing.writeByCommand('script', seq)
}

async function harm(writing: Writing, fault: Fault, forMs: number): Promise<void> {
  const { arena, signal } = writing.session
  const server = arena.server!
  const wait = (): Promise<void> => pause(forMs, undefined, { signal })
  writing.faults[fault] = (writing.faults[fault] ?? 0) + 1
  switch (fault) {
    case 'stopped':
      server.signal('SIGSTOP')
      await wait()
      return server.signal('SIGCONT')
    case 'emptied':
      return void (await (await arena.redis()).call((client) => client.flushall()))
    case 'killed':
    case 'restarted empty':
    case 'set back':
      if (fault === 'set back') {
        server.keepCopy()
        await writing.progress(1) // which the copy does not have
      }
      await server.kill()
      writing.kills.redis++
      await wait()
      await server.restart(fault === 'killed' ? 'kept' : fault === 'set back' ? 'older' : 'lost')
  }
}

export type Act = (writing: Writing) => Promise<void>
export const ACTS: Readonly<Record<Session['plan']['scenario'], Act>> = { race, crash, switch: switchOver }
