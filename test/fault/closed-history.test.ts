/** The history takes nothing for a while. What was numbered then is kept in the journal, until the history has it. */
import { execFile } from 'node:child_process'
import { rename, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { environmentOf } from '../support/program.js'
import { FILES_ALONE, FILES_AND_HUB, World } from '../support/world.js'

const LIBRARY = new URL('../../dist/index.js', import.meta.url).href

/** More than a program without a hub leaves in the journal before it folds it. */
const MANY = 130

/** A link that leads nowhere is closed for every user. Returns what opens it again. */
async function closeHistory(world: World): Promise<() => Promise<void>> {
  const history = path.join(world.root, 'shared_memory/.memory_sync/history')
  await rename(history, `${history}.kept`)
  await symlink(path.join(world.root, 'nowhere/history'), history)
  return async () => {
    await rm(history)
    await rename(`${history}.kept`, history)
  }
}

async function endHub(world: World): Promise<void> {
  world.hub!.signal('SIGTERM')
  await world.hub!.ended()
}

/** By one program, in order. */
async function writeMany(world: World, from: number): Promise<void> {
  const program = `
    import { openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory({ by: 'program' })
    for (let n = ${from}; n < ${from + MANY}; n++) await memory.updateAgentContext('mary', { n })
    await memory.close()`
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env: environmentOf(world.options) })
}

async function valuesInLog(world: World): Promise<number[]> {
  const lines = (await world.ok('log', '--since', '0', '--json')).trimEnd().split('\n')
  return lines.flatMap((line) => (JSON.parse(line) as { data: { context?: { n: number } } }).data.context?.n ?? [])
}

const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, n) => n)

test('without a hub, a history that was closed for long has everything when it is open again', async () => {
  const world = await World.make(FILES_ALONE)
  await world.ok('set', 'mary', 'n=0')
  const open = await closeHistory(world)
  await writeMany(world, 1)
  expect(await valuesInLog(world)).toEqual(upTo(MANY))
  await open()
  await world.ok('set', 'mary', `n=${MANY + 1}`)
  expect(await valuesInLog(world)).toEqual(upTo(MANY + 1))
})

test('hubs that came and went meanwhile have forgotten nothing of it', async () => {
  const world = await World.make(FILES_AND_HUB)
  await world.ok('set', 'mary', 'n=0')
  const open = await closeHistory(world)
  await writeMany(world, 1)
  await endHub(world)
  await world.startHub()
  await writeMany(world, MANY + 1)
  expect(await valuesInLog(world)).toEqual(upTo(2 * MANY))
  await endHub(world)
  await open()
  await world.startHub()
  await world.ok('set', 'mary', `n=${2 * MANY + 1}`)
  await endHub(world)
  expect(await valuesInLog(world)).toEqual(upTo(2 * MANY + 1))
})
