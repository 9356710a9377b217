/** Files in which only a part is ours, and what has become of them when that part is taken out. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { look } from '../../../src/install/disk.js'
import { insertBlock } from '../../../src/install/marked-block.js'
import { backUp, type Part, type RecordEntry } from '../../../src/install/record.js'
import { withSettings } from '../../../src/install/settings.js'
import { takeOutFrom } from '../../../src/install/take-out.js'
import { undo, type Undone, WITHOUT_OURS } from '../../../src/install/undo.js'
import { makeTempFolder } from '../../support/temp.js'

const SCRIPT = '#!/bin/zsh\nlog() {\n  echo "$*"\n}\n# precious\nlog "W1 -> CLC"\n'
const SETTINGS = '{\n  "redis": {\n    "url": "redis://host:1",\n    "password": "precious"\n  }\n}\n'

const withBlock = (script: string): string => {
  const placed = insertBlock(Buffer.from(script), { agent: 'mary', hook: '/hook', name: 'mary.zsh' })
  if (!placed.ok) throw new Error(placed.reason)
  return placed.text.toString()
}

const withOurs = (settings: string): string => withSettings(settings, { enabled: false, url: 'redis://host:1', password: 'precious' })

interface After {
  done: Undone
  text: string
  kept: string[]
}

/** Installs our part, lets somebody change the file, and takes it back. */
async function takenBack(part: Part, before: string, change: (installed: string) => string): Promise<After> {
  const home = await makeTempFolder('ms-up-')
  const [folder, path] = [`${home}/record`, `${home}/file`]
  await mkdir(folder)
  await writeFile(path, before)
  const former = look(path)
  const installed = part === 'block' ? withBlock(before) : withOurs(before)
  for (const text of [before, installed]) backUp(folder, Buffer.from(text))
  await writeFile(path, installed)
  const entry: RecordEntry = { path, step: 'it', part, before: former, after: look(path), previous: null, foreign: false }
  await writeFile(path, change(installed))
  const options = { folder, takeOut: takeOutFrom(folder) }
  const foreseen = undo(entry, { ...options, dryRun: true })
  expect(await readdir(folder), 'a dry run keeps nothing').toEqual(['backups'])
  const done = undo(entry, { ...options, dryRun: false })
  expect(foreseen.did).toBe(done.did)
  const names = await readdir(`${folder}/kept`).catch(() => [])
  const kept = await Promise.all(names.map((name) => readFile(`${folder}/kept/${name}`, 'utf8')))
  return { done, text: await readFile(path, 'utf8'), kept }
}

const half = (text: string): string => text.split('\n').slice(0, 12).join('\n')

test.each<[string, Part, string, (installed: string) => string]>([
  ['a script that was emptied', 'block', SCRIPT, () => ''],
  ['a script that was cut in our block', 'block', SCRIPT, half],
  ['a script that was cut before our block', 'block', SCRIPT, (text) => text.slice(0, 20)],
  ['a script that was replaced by another', 'block', SCRIPT, () => '#!/bin/zsh\necho another\n'],
  ['settings that were emptied', 'settings', SETTINGS, () => ''],
  ['settings that were cut', 'settings', SETTINGS, (text) => text.slice(0, 40)],
  ['settings that are a list by now', 'settings', SETTINGS, () => '[]\n'],
  ['settings that were written anew', 'settings', SETTINGS, () => '{"tasks":{}}\n'],
])('%s: the file stays, what was there before us is kept, and that is said as left', async (_, part, before, change) => {
  const { done, text, kept } = await takenBack(part, before, change)
  expect(done).toMatchObject({ did: 'left', note: expect.stringContaining('what was there before is kept as') as string })
  expect(kept).toEqual([before])
  expect(text).toBe(change(part === 'block' ? withBlock(before) : withOurs(before)))
})

test('a script that was cut behind our block loses only our part, and what was there before is kept', async () => {
  const { done, text, kept } = await takenBack('block', SCRIPT, (installed) => installed.slice(0, installed.indexOf('# precious')))
  expect(done).toMatchObject({ did: 'partly', note: expect.stringContaining('what was there before is kept as') as string })
  expect(text).toBe(SCRIPT.slice(0, SCRIPT.indexOf('# precious')))
  expect(kept).toEqual([SCRIPT])
})

test.each<[string, Part, string, (installed: string) => string, string]>([
  ['a script that got a line', 'block', SCRIPT, (text) => `${text}# new\n`, `${SCRIPT}# new\n`],
  ['settings that got a comment and a name', 'settings', SETTINGS, (text) => `// mine\n${text.replace('{', '{\n  "tasks": {},')}`, `// mine\n${SETTINGS.replace('{', '{\n  "tasks": {},')}`],
  ['settings of which one has another value', 'settings', SETTINGS, (text) => text.replace('host:1', 'host:2'), SETTINGS.replace('host:1', 'host:2')],
])('%s loses only our part, and nothing has to be kept', async (_, part, before, change, rest) => {
  expect(await takenBack(part, before, change)).toEqual({ done: expect.objectContaining({ did: 'partly', note: 'it was changed since' }) as Undone, text: rest, kept: [] })
})

test('a script whose owner has taken our block out, and added to it, stays as it is; nothing has to be kept', async () => {
  const { done, text, kept } = await takenBack('block', SCRIPT, () => `${SCRIPT}# new\n`)
  expect({ did: done.did, note: done.note, text, kept }).toEqual({ did: 'left', note: WITHOUT_OURS, text: `${SCRIPT}# new\n`, kept: [] })
})
