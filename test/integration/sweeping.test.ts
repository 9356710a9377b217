import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openLocalEngine } from '../../src/memory/engine.js'
import { afterwards } from '../support/cleanup.js'
import { makeTempFolder } from '../support/temp.js'

const OF_KILLED = ['keeper.tmp-12ab', 'root-id.12ab', 'state.json.tmp', 'version.3.json.tmp']
const LONG_AGO = new Date(Date.now() - 3_600_000)

async function leave(directory: string, names: readonly string[], when?: Date): Promise<void> {
  for (const name of names) {
    await writeFile(`${directory}/${name}`, '{"cut off')
    if (when !== undefined) await utimes(`${directory}/${name}`, when, when)
  }
}

test('a hub removes what killed processes left half written, and nothing else', async () => {
  const root = await makeTempFolder()
  const elsewhere = await makeTempFolder()
  const ours = `${root}/shared_memory/.memory_sync`
  await mkdir(`${ours}/leases`, { recursive: true })
  await symlink(`${elsewhere}/document.json`, `${root}/shared_memory/context.json`)
  await leave(ours, OF_KILLED, LONG_AGO)
  await leave(elsewhere, ['.document.json.12ab.tmp', '.other.json.12ab.tmp', 'document.json.tmp'], LONG_AGO)
  await leave(`${ours}/leases`, ['tmp-12ab'], LONG_AGO)
  await leave(`${ours}/leases`, ['tmp-now'])
  await leave(ours, ['keeper.tmp-now'])
  const engine = await openLocalEngine({ root, env: { MEMORY_SYNC_REDIS: 'off', HOME: root } })
  afterwards(() => engine.close())
  await engine.start()
  const names = await readdir(ours)
  expect(names.filter((name) => OF_KILLED.includes(name))).toEqual([])
  expect(names, 'its process may be at it just now').toContain('keeper.tmp-now')
  expect(await readdir(`${ours}/leases`)).toEqual(['tmp-now'])
  expect((await readdir(elsewhere)).filter((name) => name.endsWith('.tmp')).sort()).toEqual(['.other.json.12ab.tmp', 'document.json.tmp'])
})
