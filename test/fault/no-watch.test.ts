import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startHub } from '../support/program.js'
import { FILES_ALONE, soon, World } from '../support/world.js'

/** A system that has no watches left (inotify(7): ENOSPC, EMFILE). */
const NO_WATCHES = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
  fs.watch = () => { throw Object.assign(new Error('no watches left'), { code: 'ENOSPC' }) }; syncBuiltinESMExports()`

test('without hints from the file system a hub still takes in edits, drops and writes of others', async () => {
  const world = await World.make(FILES_ALONE)
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(NO_WATCHES)}` }
  const hub = await startHub({ ...world.options, env })
  await world.ok('set', 'mary', 'a=1')
  await world.showsInFile({ agents: { mary: { context: { a: 1 } } } })
  await writeFile(world.file, (await world.text()).replace('"a": 1', '"a": 2'))
  await soon(async () => (await world.ok('get', 'agents.mary.context.a')) === '2\n')
  await mkdir(`${world.root}/bridge/memory/inbox`, { recursive: true })
  await writeFile(`${world.root}/bridge/memory/inbox/gc_context_1.json`, '{"dropped":1}')
  await world.showsInFile({ agents: { gc: { context: { dropped: 1 } } } })
  await soon(async () => (await readdir(`${world.root}/bridge/memory/inbox`)).length === 0)
  expect(hub.stdout()).toContain('cannot be watched (no watches left)')
})
