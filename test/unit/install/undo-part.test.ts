/** Files in which only a part is ours, and what has become of them when that part is taken out. */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
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
async function takenBack(part: Part, before: string, change: (installed: string) => string, hasBackups = true): Promise<After> {
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
  if (!hasBackups) await rm(`${folder}/backups`, { recursive: true })
  const options = { folder, takeOut: takeOutFrom(folder) }
  const foreseen = undo(entry, { ...options, dryRun: true })
  expect(await readdir(folder), 'a dry run keeps nothing').toEqual(hasBackups ? ['backups'] : [])
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
  ['a script whose block has lost its marks', 'block', SCRIPT, (text) => text.replace(/^# (>>>|<<<) memory_sync.*\n/gm, '')],
  ['settings that were emptied', 'settings', SETTINGS, () => ''],
  ['settings that were cut', 'settings', SETTINGS, (text) => text.slice(0, 40)],
  ['settings that are a list by now', 'settings', SETTINGS, () => '[]\n'],
])('%s: the file stays, what was there before us is kept, and that is said as left', async (_, part, before, change) => {
  const { done, text, kept } = await takenBack(part, before, change)
  expect(done).toMatchObject({ did: 'left', note: expect.stringContaining('what was there before is kept as') as string })
  expect(kept).toEqual([before])
  expect(text).toBe(change(part === 'block' ? withBlock(before) : withOurs(before)))
})

const GROUPS = 'a() {\n  echo a\n}\n'
const SCRIPT_OF_GROUPS = `${GROUPS}${SCRIPT}# last\nif true; then\n  echo a\nfi\nb() {\n  echo a\n}\n`

test.each<[string, Part, string, (installed: string) => string, string]>([
  ['a script that was cut behind our block', 'block', SCRIPT, (text) => text.slice(0, text.indexOf('# precious')), SCRIPT.slice(0, SCRIPT.indexOf('# precious'))],
  ['a script that was cut behind lines that stand earlier, too', 'block', SCRIPT_OF_GROUPS, (text) => text.slice(0, -4), SCRIPT_OF_GROUPS.slice(0, -4)],
  ['a script that got a line', 'block', SCRIPT, (text) => `${text}# new\n`, `${SCRIPT}# new\n`],
  ['settings that got a comment and a name', 'settings', SETTINGS, (text) => `// mine\n${text.replace('{', '{\n  "tasks": {},')}`, `// mine\n${SETTINGS.replace('{', '{\n  "tasks": {},')}`],
  ['settings of which one has another value', 'settings', SETTINGS, (text) => text.replace('host:1', 'host:2'), SETTINGS.replace('host:1', 'host:2')],
])('%s loses only our part, and what was there before is kept', async (_, part, before, change, rest) => {
  const { done, text, kept } = await takenBack(part, before, change)
  expect(done).toMatchObject({ did: 'partly', note: expect.stringContaining('what was there before is kept as') as string })
  expect(text).toBe(rest)
  expect(kept).toEqual([before])
})

test.each<[string, Part, string, string]>([
  ['a script whose owner has taken our block out, and added to it', 'block', SCRIPT, `${SCRIPT}# new\n`],
  ['a script that was cut before our block', 'block', SCRIPT, SCRIPT.slice(0, 20)],
  ['a script that was replaced by another', 'block', SCRIPT, '#!/bin/zsh\necho another\n'],
  ['settings that were written anew', 'settings', SETTINGS, '{"tasks":{}}\n'],
])('%s has nothing of ours any more: it stays as it is, and what was there before is kept', async (_, part, before, changed) => {
  const { done, text, kept } = await takenBack(part, before, () => changed)
  expect(done).toMatchObject({ did: 'left', note: expect.stringMatching(new RegExp(`^${WITHOUT_OURS}; what was there before is kept as `)) as string })
  expect({ text, kept }).toEqual({ text: changed, kept: [before] })
})

const GONE = '; what was there before cannot be kept: its backup is gone'

test.each<[string, Part, string, (installed: string) => string, Partial<Undone>, string | null]>([
  ['a script loses our block', 'block', SCRIPT, (text) => `${text}# new\n`, { did: 'partly', note: `it was changed since${GONE}` }, `${SCRIPT}# new\n`],
  ['a script that is as we left it, too', 'block', SCRIPT, (text) => text, { did: 'restored' }, SCRIPT],
  ['a script without our block stays', 'block', SCRIPT, () => '# new\n', { did: 'left', note: `${WITHOUT_OURS}${GONE}` }, '# new\n'],
  ['settings with no Redis stay', 'settings', SETTINGS, () => '{}\n', { did: 'left', note: `${WITHOUT_OURS}${GONE}` }, '{}\n'],
  ['settings of which nobody knows whose they are stay', 'settings', SETTINGS, (text) => text, { did: 'left', note: expect.stringContaining('our part cannot be told in it') as string }, null],
])('where the backups are gone, %s, and nothing fails', async (_, part, before, change, expected, rest) => {
  const { done, text, kept } = await takenBack(part, before, change, false)
  expect(done).toMatchObject(expected)
  expect(text).toBe(rest ?? withOurs(before))
  expect(kept).toEqual([])
})

test('a file that is all ours goes also where its mode was changed since', async () => {
  const home = await makeTempFolder('ms-up-')
  const path = `${home}/memory_sync`
  await writeFile(path, SCRIPT, { mode: 0o755 })
  const entry: RecordEntry = { path, step: 'it', part: 'whole', before: { is: 'absent' }, after: look(path), previous: null, foreign: false }
  await chmod(path, 0o700)
  expect(undo(entry, { folder: home, takeOut: () => null, dryRun: false })).toEqual({ path, did: 'removed' })
  expect(look(path)).toEqual({ is: 'absent' })
})
