/** A program that closes its memory while something is under way ends by itself: nothing is left open that keeps it alive. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { environmentOf } from '../support/program.js'
import { World } from '../support/world.js'

const LIBRARY = new URL('../../dist/index.js', import.meta.url).href
const WRITES = 5

const PLACES = ['no hub', 'a hub'].flatMap((hub) => [true, false].map((hasRedis) => ({ hub, hasRedis })))

/** Runs a program in a process of its own, which has to end by itself; what it printed. */
async function printedBy({ options }: World, lines: string): Promise<string> {
  const program = `
    import { openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory({ by: 'program', root: ${JSON.stringify(options.root)} })
    ${lines}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env: environmentOf(options), timeout: 20_000 })
  return stdout
}

test.each(PLACES)('a watch whose reader does not come back for more ends with its memory, with $hub (Redis: $hasRedis)', async ({ hub, hasRedis }) => {
  const world = await World.make({ name: hub, redis: hasRedis, hub: hub !== 'no hub' })
  const program = `
    await memory.updateAgentContext('mary', { n: 1 })
    const { value } = await memory.watch({ since: '0' }).next()
    await memory.close()
    console.log(value.event)`
  expect(await printedBy(world, program)).toMatch(/^(agent_update|new_data|context_update|snapshot|gap)\n$/)
})

test.each(PLACES)('an abort lets go what a watch holds, although its reader does not come back for more, with $hub (Redis: $hasRedis)', async ({ hub, hasRedis }) => {
  const world = await World.make({ name: hub, redis: hasRedis, hub: hub !== 'no hub' })
  const program = `
    void [process.stdout, process.stderr] // they are pipes, too
    const held = () => process.getActiveResourcesInfo().filter((what) => /^(FSEvent|Pipe|TCPSocket)Wrap$/.test(what)).length
    await memory.updateAgentContext('mary', { n: 1 })
    const before = held()
    const ending = new AbortController()
    await memory.watch({ since: '0', signal: ending.signal }).next()
    const during = held()
    ending.abort()
    while (held() > before) await new Promise((resolve) => setImmediate(resolve))
    await memory.close()
    console.log(during > before)`
  expect(await printedBy(world, program)).toBe('true\n')
})

const HUBS = ['no hub', 'a hub', 'a hub that is stopped'] as const

test.each(HUBS.flatMap((hub) => [true, false].map((hasRedis) => ({ hub, hasRedis }))))('writes that are under way are answered, with $hub (Redis: $hasRedis)', async ({ hub, hasRedis }) => {
  const world = await World.make({ name: hub, redis: hasRedis, hub: hub !== 'no hub' })
  if (hub === 'a hub that is stopped') world.hub!.signal('SIGSTOP')
  const program = `
    import { openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory({ by: 'program', root: ${JSON.stringify(world.root)} })
    const writes = Array.from({ length: ${WRITES} }, (_, i) => memory.updateAgentContext('mary', { ['k' + i]: i }))
    const watching = (async () => { for await (const _ of memory.watch()); })()
    await new Promise((resolve) => setImmediate(resolve))
    const closing = memory.close()
    console.log(JSON.stringify((await Promise.allSettled(writes)).map(({ status, reason }) => reason?.message ?? status)))
    await closing
    await watching`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env: environmentOf(world.options), timeout: 20_000 })
  expect(JSON.parse((await run).stdout)).toEqual(Array.from({ length: WRITES }, () => 'fulfilled'))
  if (hub === 'a hub that is stopped') world.hub!.signal('SIGCONT')
  const { context } = await world.json<{ context: Record<string, number> }>('get', 'agents.mary')
  expect(Object.keys(context)).toHaveLength(WRITES)
})

test('what was asked for in the moment before the memory is closed is answered, and what comes after it is refused', async () => {
  const world = await World.make({ name: 'files only', redis: false, hub: false })
  const program = `
    import { openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory({ by: 'program', root: ${JSON.stringify(world.root)} })
    const before = [memory.updateAgentContext('mary', { x: 1 }), memory.record('rnd', { id: 'P-1', outcome: 'merged' }), memory.publishUpdate({ agent: 'mary' })]
    await memory.close()
    const after = [memory.updateAgentContext('mary', { y: 1 }), memory.getUnifiedContext()]
    console.log(JSON.stringify((await Promise.allSettled([...before, ...after])).map(({ status, reason }) => reason?.code ?? status)))`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env: environmentOf(world.options), timeout: 20_000 })
  expect(JSON.parse((await run).stdout)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'usage', 'usage'])
  expect(await world.json('get', 'agents.mary.context')).toEqual({ x: 1 })
})

test.each(['no hub', 'a hub'])('while what was asked for before it is closed is being answered, no more is taken: with %s', async (hub) => {
  const world = await World.make({ name: hub, redis: false, hub: hub !== 'no hub' })
  const program = `
    import { openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory({ by: 'program', root: ${JSON.stringify(world.root)} })
    const mine = await memory.acquireLease('mine', { ttlMs: 300_000 })
    const ends = []
    const ended = (what, call) => call.then(() => 'fulfilled', ({ code }) => code).then((is) => ends.push([what, is]))
    const waiting = ended('waits', memory.acquireLease('mine', { waitMs: 200_000 }))
    const watch = memory.watch()
    const watching = ended('watches', watch.next())
    await memory.updateAgentContext('rnd', { z: 1 })
    const before = ended('before', memory.updateAgentContext('mary', { x: 1 }))
    const closing = memory.close()
    const after = [memory.updateAgentContext('mary', { y: 1 }), memory.getContextText(), memory.acquireLease('other'), mine.renew(), mine.release(), memory.watch().next()]
    await Promise.all(after.map((call, i) => ended(i, call)))
    await Promise.all([closing, before, waiting, watching])
    console.log(JSON.stringify(ends))`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env: environmentOf(world.options), timeout: 20_000 })
  const ends = JSON.parse((await run).stdout) as [string | number, string][]
  expect(Object.fromEntries(ends)).toEqual({ before: 'fulfilled', waits: 'usage', watches: 'fulfilled', ...Array.from({ length: 6 }, () => 'usage') })
  expect(await world.json('get', 'agents.mary.context')).toEqual({ x: 1 })
})

test('what the hub has refused, as Redis is away, keeps no program alive', async () => {
  const world = await World.make({ name: 'a hub', redis: true, hub: true })
  await world.json('set', 'mary', 'n=1')
  await world.redis.kill()
  const program = `
    const codes = []
    for (let n = 0; n < 3; n++) codes.push(await memory.acquireLease('mine').then(() => 'granted', ({ code }) => code))
    await memory.close()
    console.log(JSON.stringify(codes))`
  expect(JSON.parse(await printedBy(world, program))).toEqual(['unavailable', 'unavailable', 'unavailable'])
})
