/** A program that closes its memory while something is under way ends by itself: nothing is left open that keeps it alive. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { environmentOf } from '../support/program.js'
import { World } from '../support/world.js'

const LIBRARY = new URL('../../dist/index.js', import.meta.url).href
const WRITES = 5

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
