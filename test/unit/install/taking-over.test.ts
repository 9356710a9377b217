/** What an installation of ours has left, of which no record tells any more. */
import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { MemoryError } from '../../../src/errors/errors.js'
import { Applier } from '../../../src/install/apply.js'
import type { Step } from '../../../src/install/intent.js'
import type { InstallRecord } from '../../../src/install/record.js'
import { runStage } from '../../../src/install/stages.js'
import { makeTempFolder } from '../../support/temp.js'

test('a stage that fails leaves it as it works', async () => {
  const folder = await makeTempFolder()
  const [program, current] = [`${folder}/program/0.1.0`, `${folder}/program/current`]
  await mkdir(program, { recursive: true })
  await writeFile(`${program}/run.js`, 'works')
  await symlink('0.1.0', current)
  const record: InstallRecord = { format: 1, version: '0.1.0', root: folder, startedAt: '', finishedAt: null, entries: [], redis: null, service: null }
  const step: Step = {
    name: 'program',
    title: 'Program',
    intents: [
      { do: 'tree', path: program, files: [{ path: 'run.js', mode: 0o644, bytes: Buffer.from('works') }] },
      { do: 'link', path: current, target: '0.1.0' },
      { do: 'file', part: 'whole', path: `${folder}/new`, text: 'new', mode: 0o644 },
    ],
    ours: [program, current],
  }
  const applier = new Applier(`${folder}/record`, record, () => undefined)
  const stage = {
    name: 'program',
    title: 'Program',
    plan: () => step,
    act: () => Promise.reject(new MemoryError('failed', 'the hub does not start')),
  }
  await expect(runStage(stage, applier, `${folder}/record`)).rejects.toThrow('the hub does not start')
  expect(await readFile(`${program}/run.js`, 'utf8')).toBe('works')
  expect(await readlink(current)).toBe('0.1.0')
  await expect(readFile(`${folder}/new`)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(record.entries.map(({ path }) => path)).toEqual([program, current])
})
