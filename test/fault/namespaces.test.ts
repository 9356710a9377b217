// Containers share a root and not their pids: a process of one cannot tell whether one of another lives.
import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { messageOf } from '../../src/errors/errors.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { systemProcesses } from '../../src/platform/processes.js'
import { momentNow } from '../../src/platform/uptime.js'
import { ChainLock, SILENT_MS } from '../../src/store/file/lock.js'
import { startCli } from '../support/program.js'
import { FILES_ALONE, soon, World } from '../support/world.js'

const VIA = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const whyNot = whyNoNamespace()
if (whyNot !== null) console.warn(`namespaces: NOT TESTED is a root that two namespaces of pids share: ${whyNot}`)

function whyNoNamespace(): string | null {
  try {
    execFileSync(VIA[0]!, [...VIA.slice(1), 'true'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return messageOf(error)
  }
}

let made = 0
const lockOf = ({ root }: World, now = (): number => momentNow().ms): ChainLock =>
  new ChainLock(`${root}/shared_memory/.memory_sync`, nodeFiles, systemProcesses, () => `test${made++}`, now)

async function turn({ root }: World): Promise<number> {
  const names = await readdir(`${root}/shared_memory/.memory_sync`)
  return Math.max(...names.flatMap((name) => /^keeper\.(\d+)$/.exec(name)?.[1] ?? []).map(Number))
}

describe.skipIf(whyNot !== null)('a root that two namespaces of pids share', () => {
  test('has one keeper: a writer of the other one leaves the lock alone, and its write is kept', async () => {
    const world = await World.make(FILES_ALONE)
    await world.ok('set', 'mary', 'a=1')
    const lock = lockOf(world)
    const held = (await lock.tryAcquire())!
    const mine = await turn(world)
    for (let n = 2; n < 5; n++) expect((await world.runWith({ via: VIA }, 'set', 'mary', `a=${n}`)).code).toBe(0)
    const { code, stderr } = await world.runWith({ via: VIA }, 'set', 'mary', 'a=9', '--if-rev', '1')
    expect([code, stderr]).toEqual([69, expect.stringContaining('nothing was written')])
    expect(await turn(world)).toBe(mine)
    expect(await held.isOurs()).toBe(true)
    await held.release()
    expect(await world.json('get', '--agent', 'mary')).toMatchObject({ context: { a: 4 } })
    expect((await world.runWith({ via: VIA }, 'set', 'mary', 'b=1')).code).toBe(0)
    expect(await turn(world)).toBeGreaterThan(mine)
  })

  test('has one hub, until that was not heard of for the whole time', async () => {
    const world = await World.make(FILES_ALONE)
    const hub = startCli(['hub'], { root: world.root, via: VIA })
    await soon(() => hub.stdout().includes('ready: '))
    const mine = await turn(world)
    for (let n = 0; n < 20; n++) expect(await lockOf(world).tryAcquire()).toBeNull()
    const second = await world.run('hub')
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('runs already')])
    expect(await turn(world)).toBe(mine)
    await world.ok('set', 'mary', 'a=1')
    hub.signal('SIGKILL')
    await hub.ended()
    expect(await lockOf(world).tryAcquire(), 'nobody here can tell').toBeNull()
    expect(await lockOf(world, () => momentNow().ms + SILENT_MS).tryAcquire()).not.toBeNull()
  })
})
