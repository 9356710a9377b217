import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { environmentOf, type Ran, startHub } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'
import { byFramework, byNode, byScript, patient, type Call, type Way } from './ways.js'

interface Form extends Call {
  /** Left to Node by the hub or by the script: no hub can do this as the caller would. */
  byNode?: true
}

const form = (...args: string[]): Form => ({ args })
const FORMS: Form[] = [
  form('get'), // nothing yet
  form('update', 'mary', 'active'),
  form('update', 'rnd', `it's "done"\nö \u{1F600}`, '--json'),
  form('update', 'rnd', 'idle', '--by', 'gg', 'further', 'arguments'),
  form('update'),
  form('update', 'rnd'),
  form('update', '', 'x', '--json'),
  form('update', '../x', 'active'),
  form('update', 'current_work', 'active'),
  form('set', 'mary', 'a=1', 'b.c=1.10', 'text=$(id) `id` ; "', 'list=[1,2]'),
  form('set', 'mary', 'n+=2', '--json'),
  form('set', 'mary', '--patch', '{"deep":{"x":null,"y":1E5}}', '--status=busy'),
  form('set', 'mary'),
  form('set', 'mary', 'abc', '--json'),
  form('set', 'mary', '--patch', '[1]'),
  form('set', 'current_work', 'task=T1'),
  form('set', 'mary', 'a=2', '--if-rev', '1'),
  form('set', 'mary', 'a=2', '--if-rev', '1', '--json'),
  form('set', 'mary', 'k=1', '--idempotency-key', 'key-1', '--json'),
  form('set', 'mary', 'k=1', '--idempotency-key', 'key-1', '--json'),
  form('set', 'mary', 'k=2', '--idempotency-key', 'key-1'),
  form('set', '--', 'mary', 'a=3'),
  form('record', 'mary', 'T-1', 'completed', '{"n":1.10,"l":[]}'),
  form('record', 'rnd', 'P-1', 'rejected', '{}', '--score', '0.5', '--duration-ms', '12', '--error', 'no', '--json'),
  form('record', 'cls', 'x', 'done', '--literal', '--', '@not a file'),
  form('record', 'cls', 'y', 'done', '--literal', '--', ''),
  form('record', 'mary', 'T-2', 'done', ''),
  form('record', 'mary', 'T-2', 'done', ' ', '--json'),
  form('record', 'mary', 'T-2', 'done', '{broken', '--json'),
  form('record', 'mary', 'T-2', 'done', '--duration-ms=-5'),
  form('record', 'mary', 'T-2', 'done', '--score', '1e400', '--json'),
  form('set', 'mary', 'a=1', '--by', 'x'.repeat(1001)),
  form('update', 'mary', 'idle', '--by', 'x'.repeat(1001), '--json'),
  form('record', 'mary', '', 'done'),
  form('record', 'mary', 'T-2', '', '--json'),
  form('get', '--compact'),
  form('get', 'agents.mary.context', '--compact'),
  form('get', '/agents/rnd/status', '--raw'),
  form('get', '/agents/rnd/status', 'further', 'arguments'),
  form('get', 'status', '--agent', 'mary', '--json'),
  form('get', 'rev', '--with-meta', '--compact'),
  form('get', '/a~2'),
  form('get', 'agents.nobody'),
  form('get', '--agent', 'nobody', '--json'),
  ...[
    { args: ['set', 'mary', '--patch', '-'], input: '{"in":"put"}' },
    { args: ['record', 'mary', 'T-3', 'done', '@result.json', '--learning', 'smaller steps'] },
    { args: ['record', 'mary', 'T-4', 'done', '-'], input: '{"a":' },
    { args: ['record', 'mary', 'T-4', 'done', '-'], input: ' \n' },
    { args: ['record', 'mary', 'T-4', 'done', '@empty.json', '--json'] },
    { args: ['record', 'mary', 'T'] },
    { args: ['set'] },
    { args: ['set', 'mary', '--status', ''] },
    { args: ['set', 'mary', 'a=1', '--hekp'] },
    { args: ['set', 'mary', 'a=1', '--by'] },
    { args: ['get', '--redis-url', 'nonsense'] },
    { args: ['frobnicate'] },
  ].map((other): Form => ({ ...other, byNode: true })),
]

interface Setting {
  root: string
  env: NodeJS.ProcessEnv
}

async function setting(): Promise<Setting> {
  const root = await makeTempFolder('ms-ways-')
  await writeFile(`${root}/result.json`, '{"from":"a file"}')
  await writeFile(`${root}/empty.json`, '')
  return { root, env: environmentOf({ root }) }
}

/** Before the hub: a hub leaves folders to the caller that are not there yet. */
async function withHub(): Promise<Setting> {
  const made = await setting()
  await startHub({ root: made.root })
  return made
}

/** What differs from one time to the next. */
const normal = (text: string, root: string): string =>
  text
    .replaceAll(root, 'ROOT')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+\+07:00/g, 'TIME')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'ID')
    .replace(/"source":"(?:hub|file)"/, '"source":"SOURCE"')
    // A hub that is slow on a busy machine is passed by, and the number comes later.
    .replace(/"rev":(?:null|\d+),"durability":"file","pending":0/, '"rev":N,"durability":"file","pending":0')

async function allBy(way: Way, { root }: Setting): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const { args, input, env } of FORMS) {
    const ran: Ran = await way({ args, cwd: root, ...(input !== undefined && { input }), ...(env !== undefined && { env }) })
    seen.push([args.join(' '), ran.code, normal(ran.stdout, root), normal(ran.stderr, root)])
  }
  return seen
}

describe('every form of a hot verb prints and exits as it does under the framework', () => {
  it.each<[string, () => Promise<Setting>, Record<string, (setting: Setting) => Way | Promise<Way>>]>([
    ['without a hub', setting, { 'past it': ({ env }) => byNode(env) }],
    [
      'with a hub',
      withHub,
      {
        'asked by Node': ({ env }) => byNode(env),
        'asked by the script': ({ env, root }) => byScript(`${root}/bin`, env),
        'asked by the script, under bash': ({ env, root }) => byScript(`${root}/bin`, env, { shell: 'bash' }),
        'by the script without a zsh': ({ env, root }) => byScript(`${root}/bin`, env, { noZsh: true }),
      },
    ],
  ])('%s', async (_, make, ways) => {
    const seenBy = async (wayOf: (setting: Setting) => Way | Promise<Way>): Promise<unknown[]> => {
      const made = await make()
      return allBy(await wayOf(made), made)
    }
    const expected = seenBy(({ env }) => byFramework(env))
    const names = Object.keys(ways)
    const seen = await Promise.all(names.map((name) => seenBy(ways[name]!)))
    for (const [n, name] of names.entries()) expect([name, seen[n]]).toEqual([name, await expected])
  }, 300_000)

  it('and the hub does all of them itself that it can, for a script that has no Node', async () => {
    const made = await withHub()
    await allBy(byNode(made.env), made) // the folders are there
    const way = await byScript(`${made.root}/bin`, made.env, { node: '/bin/false' })
    const retried = patient(way, made.env)
    const left: string[] = []
    for (const { args, byNode: isLeft, input } of FORMS) {
      const { stdout, stderr } = await (isLeft === true ? way : retried)({ args, cwd: made.root, ...(input !== undefined && { input }) })
      const isSilent = stdout === '' && stderr === ''
      const isQuiet = !isLeft && !args.includes('--json') && (args[0] === 'update' || args[0] === 'set' || args[0] === 'record')
      if (isSilent && !isQuiet) left.push(args.join(' '))
    }
    expect(left).toEqual(FORMS.filter((form) => form.byNode).map(({ args }) => args.join(' ')))
  }, 60_000)
})

describe('a variable that cannot be used is refused by every way, with a hub as without', () => {
  it.each([
    [{ MEMORY_SYNC_REDIS: 'junk' }],
    [{ MEMORY_SYNC_REDIS: '', REDIS_PORT: 'abc' }],
    [{ MEMORY_SYNC_REDIS: '', REDIS_URL: 'http://x' }],
    [{ MEMORY_SYNC_NAMESPACE: 'a b' }],
    [{ MEMORY_SYNC_NAMESPACE: 'memory:agents' }],
  ])('%j', async (unusable) => {
    const [alone, beside] = [await setting(), await withHub()]
    const refused = await byNode(alone.env)({ args: ['get'], env: unusable })
    expect(refused).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('Error: ') })
    const ways = { byNode: byNode(beside.env), byFramework: byFramework(beside.env), byScript: await byScript(`${beside.root}/bin`, beside.env) }
    for (const [name, way] of Object.entries(ways)) {
      for (const words of ['get', 'set mary a=1', 'update mary active', 'agents']) {
        const { stderr, ...ran } = await way({ args: words.split(' '), env: unusable })
        expect({ name, words, ...ran, stderr: stderr.replace('memory_sync update: ERROR: ', 'Error: ') }).toEqual({ name, words, ...refused })
      }
    }
    expect(await byNode(beside.env)({ args: ['get', 'agents', '--compact'] })).toMatchObject({ code: 0, stdout: '{}\n' })
  }, 60_000)
})
