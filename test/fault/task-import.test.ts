import { readFile, symlink, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseYaml } from '../../src/usecases/tasks/yaml-text.js'
import { FILES_ALONE, type JsonObject, REDIS_ALONE, REDIS_AND_HUB, soon, World } from '../support/world.js'

const STATUSES = ['complete', 'in_progress', 'validated', 'new']
const COUNT = 57

/** As the older tracker left its items: fields that come and go, dates with and without quotes, folded notes, others' members. */
function item(n: number): string {
  const status = STATUSES[n % STATUSES.length]!
  const at = (is: boolean, hour: number): string => (is ? `'2025-07-${10 + (n % 9)}T${hour}:00:00Z'` : 'null')
  const lines = [
    `title: ${n % 7 === 0 ? `'Item ${n}: "quoted" & more'` : `Item ${n}`}`,
    `status: ${status}`,
    `validated_at: ${at(status !== 'new', 10)}`,
    `started_at: ${at(n % 4 < 2, 11)}`,
    `completed_at: ${at(n % 4 === 0, 16)}`,
    `github_commit: ${n % 4 === 0 ? ['322579d', '27e7220', "'3320525'"][n % 3] : 'null'}`,
    `stable_id: PRP-${1001 + n}`,
    `corrected_priority: P${n % 4}`,
    `migrated_at: 2025-07-20T21:08:12.94${3109 + n}Z`,
  ]
  if (n % 5 === 0) lines.push('notes: Done - changed lead_id from Integer to String(100) type, created', '  migration with proper chain')
  if (n % 11 === 0) lines.push('deprecated: true', `superseded_by: PRP-${n}`, 'extra: {deep: [1, 1.10, yes], empty: {}, none: []}')
  return [`  P${n % 3}-${String(n).padStart(3, '0')}:`, ...lines.map((line) => `    ${line}`)].join('\n')
}

const made = (): string =>
  [
    "metadata:\n  version: '2.0'\n  last_updated: '2025-07-20T21:08:12.943101Z'\n  stable_id_system: true\nprp_tracking:",
    ...Array.from({ length: COUNT }, (_, n) => item(n)),
    "stats:\n  total_prps: 57\n  completion_rate: '0.26'\n  moscow_distribution:\n    must_have: 20\n",
  ].join('\n')

/** MEMORY_SYNC_TEST_TRACKING: another file of as many items. */
async function tracking(): Promise<string> {
  const file = process.env['MEMORY_SYNC_TEST_TRACKING']
  return file === undefined ? made() : readFile(file, 'utf8')
}

async function imported(world: World): Promise<string> {
  const text = await tracking()
  await writeFile(`${world.root}/tracking.yaml`, text)
  await soon(async () => {
    const { code, stdout, stderr } = await world.run('task', 'import', `${world.root}/tracking.yaml`, '--json')
    if (code === 69) return false // nobody decided in time, on a machine that is too busy: it goes on where it ended
    expect([code, stderr, JSON.parse(stdout)]).toMatchObject([0, '', { total: COUNT, changed: 0 }])
    return true
  })
  expect(await world.json('task', 'import', `${world.root}/tracking.yaml`)).toMatchObject({ total: COUNT, unchanged: COUNT })
  return text
}

test.each([REDIS_ALONE, FILES_ALONE])('57 items go in, are listed, and come out with every field, in their order: $name', async (setUp) => {
  const world = await World.make(setUp)
  const text = await imported(world)
  const [came, went] = [parseYaml(text), parseYaml(await world.ok('task', 'export'))]
  expect(went).toEqual(came)
  expect([...(went.get('prp_tracking') as Map<string, unknown>).keys()]).toEqual([...(came.get('prp_tracking') as Map<string, unknown>).keys()])
  const listed = await world.json<JsonObject[]>('task', 'list')
  expect(listed.map(({ id }) => id)).toEqual([...(came.get('prp_tracking') as Map<string, unknown>).keys()])
  await world.ok('task', 'export', `${world.root}/out.yaml`)
  expect(parseYaml(await readFile(`${world.root}/out.yaml`, 'utf8'))).toEqual(came)
})

test('what only memory_sync sets is left out of a document, said, and no reason to refuse it', async () => {
  const world = await World.make(FILES_ALONE)
  const file = `${world.root}/tracking.yaml`
  await writeFile(file, 'prp_tracking:\n  A:\n    title: a\n    status: validated\n    rev: 7\n    claim: {agent: mary}\n  B:\n    title: b\n')
  const left_out = ['A/claim', 'A/rev']
  expect(await world.json('task', 'import', file)).toMatchObject({ total: 2, added: 2, left_out })
  expect(await world.ok('task', 'import', file)).toMatch(/2 as they were\nleft out.*: A\/claim, A\/rev\n$/)
  const shown = await world.json('task', 'show', 'A')
  expect(shown).toMatchObject({ title: 'a', status: 'validated', owner: null })
  expect(shown['claim']).toBeUndefined()
  await world.ok('task', 'claim', 'A', '--agent', 'mary')
  await world.ok('task', 'export', file)
  expect(await world.json('task', 'import', file)).toMatchObject({ total: 2, unchanged: 2, left_out: [] })
})

test.each([
  ['an item', (large: string) => `prp_tracking:\n  A1: {title: a}\n  BG: {title: ${large}}\n  B2: {title: b}\n`],
  ['a member beside the items', (large: string) => `prp_tracking:\n  A1: {title: a}\nmetadata: {remark: ${large}}\n`],
  ['a key', (large: string) => `prp_tracking:\n  A1: {title: a}\n  BG:\n    ? ${large}\n    : b\n`],
])('of a document with too large a value in %s nothing is written', async (_where, documentWith) => {
  const world = await World.make(FILES_ALONE)
  await writeFile(`${world.root}/tracking.yaml`, documentWith('x'.repeat(1024 * 1024 + 1)))
  const { code, stderr } = await world.run('task', 'import', `${world.root}/tracking.yaml`)
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/1048577 bytes; a value may have 1048576 \(1 MiB\)\. Nothing was written\n/) })
  expect(await world.json<JsonObject[]>('task', 'list')).toEqual([])
})

test.each([
  ['shared_memory/context.json', 2],
  ['link', 2],
  ['bridge/memory/inbox/x.json', 2],
  ['shared_memory/.memory_sync/x.yaml', 2],
  ['notes.md', 2],
  ['heading.md', 2],
  ['other.yaml', 2],
  ['empty.yaml', 0],
  ['prp_tracking.yaml', 0],
  ['far/../.memory_sync/x.yaml', 2],
  ['far/../out.yaml', 0],
])('an export takes the place of nothing else: %s', async (name, code) => {
  const world = await World.make(FILES_ALONE)
  await world.ok('task', 'add', 'T')
  await world.ok('update', 'mary', 'active')
  await symlink('shared_memory/context.json', `${world.root}/link`)
  await symlink('shared_memory/.memory_sync', `${world.root}/far`)
  const before: Record<string, string> = {
    'notes.md': '# Notes\n\nKeep these: they matter.\n',
    'heading.md': '# Notes\n',
    'other.yaml': 'services: {web: {image: nginx}}\n',
    'empty.yaml': '',
    'prp_tracking.yaml': '# kept by hand\nprp_tracking: {}\n',
  }
  for (const [file, text] of Object.entries(before)) await writeFile(`${world.root}/${file}`, text)
  const file = `${world.root}/${name}`
  const text = await readFile(file, 'utf8').catch(() => null)
  const ran = await world.run('task', 'export', file)
  expect(ran).toMatchObject({ code, stdout: '', stderr: code === 0 ? '' : expect.stringMatching(/is no tracking file|is for memory_sync itself/) as string })
  const after = await readFile(file, 'utf8').catch(() => null)
  if (code === 0) expect(after).toContain('T:')
  else expect(after).toBe(text)
})

test('57 items survive a Redis that is killed and comes back empty, and are in it again', async () => {
  const world = await World.make(REDIS_AND_HUB)
  const text = await imported(world)
  await world.redis.kill('SIGKILL')
  await world.redis.restart({ wipe: true })
  const client = await world.redis.client()
  await soon(async () => (await client.keys('memory:tasks:*')).length === COUNT)
  client.disconnect()
  await soon(async () => {
    expect(await world.json('sync')).toMatchObject({ items: COUNT, equal: true })
    expect(parseYaml(await world.ok('task', 'export')).get('prp_tracking')).toEqual(parseYaml(text).get('prp_tracking'))
    return true
  })
})
