import { execFileSync } from 'node:child_process'
import { constants, type Stats } from 'node:fs'
import { chmod, lstat, mkdir, open, readdir, readFile, readlink, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILES_ALONE, FILES_AND_HUB, REDIS_AND_HUB, type SetUp, soon, World } from '../support/world.js'

const record = (text: string): string => `{"version":"1.0","agents":{"mary":${text}}}`
const whole = (context: string): string => record(`{"status":"active","context":${context}}`)
const nested = (levels: number): string => whole(`{"deep":${'['.repeat(levels)}${']'.repeat(levels)}}`)

/** Cannot be read: kept aside, and what was there comes back. */
const BROKEN: [name: string, content: string | Buffer][] = [
  ['half of a document', whole('{"a":1').slice(0, -20)],
  ['empty', ''],
  ['nothing but blanks', ' \n\t '],
  ['a list', '[1,2]'],
  ['a string', '"context"'],
  ['null', 'null'],
  ['two documents', `${whole('{}')}${whole('{}')}`],
  ['a key twice', '{"agents":{"mary":{"status":"a","status":"b"}}}'],
  ['an agent twice', '{"agents":{"mary":{},"mary":{}}}'],
  ['nested 100,000 levels deep', nested(100_000)],
  ['nested 600 levels deep', nested(600)],
  ['agents: null', '{"agents":null}'],
  ['agents: []', '{"agents":[]}'],
  ['agents: "mary"', '{"agents":"mary"}'],
  ['agents: {} where there were some', '{"agents":{},"current_work":{"x":1}}'],
  ['no agents where there were some', '{"current_work":{"x":1}}'],
  ['invalid UTF-8', Buffer.concat([Buffer.from('{"agents":{"mary":{"status":"'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}}}')])],
  ['UTF-16', Buffer.from(whole('{"a":2}'), 'utf16le')],
  ['NUL bytes', whole('{"a":"x\u0000y"}')],
  ['nothing but NUL bytes, as after a power loss', Buffer.alloc(4096)],
  ['comments and trailing commas', '{"agents":{"mary":{"status":"a",}}, // c\n}'],
  ['larger than any context', `{"agents":{"mary":{"status":"${'x'.repeat(17 * 1024 * 1024)}"}}}`],
]

/** Stands there and is no file. All of it inside the root of the test: what is moved or replaced must be nobody else's. */
const NO_FILE: [name: string, make: (path: string) => Promise<unknown>][] = [
  ['a folder', async (path) => mkdir(path)],
  ['a pipe', async (path) => execFileSync('mkfifo', [path])],
  ['a link to a pipe', async (path) => symlink(`${path}.pipe`, path)],
  ['a link to a link to a pipe', async (path) => symlink(await linkTo(`${path}.pipe`), path)],
  ['a link to a folder', async (path) => symlink(`${path}.folder`, path)],
  ['a link to itself', async (path) => symlink('context.json', path)],
  ['a loop of links', async (path) => symlink(await linkTo(`${dirname(path)}/shared_memory/context.json`, `${path}.loop`), path)],
  ['a link to a name that no file can have', async (path) => symlink('x'.repeat(300), path)],
]

async function linkTo(path: string, link = `${path}.link`): Promise<string> {
  await symlink(path, link)
  return link
}

/** Can be read, and is data. `get` shows it under /agents/mary. */
const DATA: [name: string, content: string, shown: object][] = [
  ['a byte order mark', `\uFEFF${whole('{"a":2}')}`, { context: { a: 2 } }],
  ['keys of prototypes', whole('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'), { context: { constructor: { prototype: { polluted: 1 } } } }],
  ['halves of surrogate pairs', whole('{"half":"\\ud800","\\udfff":1}'), { context: { half: '\ud800' } }],
  ['an escaped NUL', whole('{"nul":"a\\u0000b"}'), { context: { nul: 'a\u0000b' } }],
  ['nested 300 levels deep', nested(300), { status: 'active' }],
  ['line separators and control characters', whole('{"t":"\\u2028\\u0007\\r\\n"}'), { context: { t: '\u2028\u0007\r\n' } }],
  ['a context that is a string of JSON', whole('"{\\"a\\":7}"'), { context: { a: 7 } }],
]

/** Of these, what can be read is taken, the rest stays as it was, and a copy is kept. */
const PARTLY: [name: string, content: string][] = [
  ['an agent that is a string', '{"agents":{"mary":"active","gg":{"status":"new"}}}'],
  ['an agent that is a number', '{"agents":{"mary":7,"gg":{"status":"new"}}}'],
  ['an agent that is a list', '{"agents":{"mary":[],"gg":{"status":"new"}}}'],
  ['an agent that is null', '{"agents":{"mary":null,"gg":{"status":"new"}}}'],
  ['a context that is a list', '{"agents":{"mary":{"status":"active","context":[1]},"gg":{"status":"new"}}}'],
  ['a context that is a string', '{"agents":{"mary":{"status":"active","context":"text"},"gg":{"status":"new"}}}'],
  ['a name that is no text', `{"agents":{"mary":{"status":"active","context":{"a":1}},"x\\ud800":{"status":"new"},"gg":{"status":"new"}}}`],
]

const aside = (world: World): string => `${world.root}/shared_memory/.memory_sync/aside`

async function keptAside(world: World): Promise<Buffer[]> {
  const names = await readdir(aside(world)).catch(() => [])
  const files = await Promise.all(names.map(async (name) => ((await lstat(`${aside(world)}/${name}`)).isFile() ? readFile(`${aside(world)}/${name}`) : null)))
  return files.filter((content) => content !== null)
}

/** Older than what somebody may still be writing. */
async function leave(world: World, content: string | Buffer): Promise<void> {
  await writeFile(world.file, content)
  const before = new Date(Date.now() - 60_000)
  await utimes(world.file, before, before)
}

async function makeWorld(setUp: SetUp): Promise<World> {
  const world = await World.make(setUp)
  await world.ok('set', 'mary', 'a=1')
  if (setUp.redis) await world.quiet()
  return world
}

/** One that has had its turn is well again: the next case begins with it. */
async function isRestored(world: World, count: number): Promise<void> {
  await world.ok('set', 'mary', `n=${count}`)
  await world.showsInFile({ agents: { mary: { context: { a: 1, n: count } } } })
}

/** In this process, it would have been polluted by what was read in it. */
const notPolluted = (): void => expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()

describe.each([REDIS_AND_HUB, FILES_AND_HUB, FILES_ALONE])('a context.json that cannot be read, with $name,', (setUp) => {
  test('is kept aside, restored and told of, whatever stands in it', async () => {
    const world = await makeWorld(setUp)
    let count = 0
    for (const [name, content] of BROKEN) {
      await leave(world, content)
      await isRestored(world, ++count)
      await soon(async () => (await keptAside(world)).some((copy) => copy.equals(Buffer.from(content))), name)
      expect((await stat(world.file)).mode & 0o777, name).toBe(0o644)
      await rm(aside(world), { recursive: true })
    }
    notPolluted()
    expect(world.hub?.hasEnded() ?? false).toBe(false)
    await leave(world, 'not JSON')
    await isRestored(world, ++count)
    await soon(async () => (await world.run('health')).stdout.includes('unreadable file was set aside'))
  })

  test('is moved aside where it is no file at all, and nobody waits for it', async () => {
    const world = await makeWorld(setUp)
    let count = 0
    execFileSync('mkfifo', [`${world.root}/made.pipe`])
    await mkdir(`${world.root}/made.folder`)
    await writeFile(`${world.root}/made.folder/theirs`, 'theirs')
    const [pipe, folder] = await Promise.all([lstat(`${world.root}/made.pipe`), lstat(`${world.root}/made.folder`)])
    for (const [name, make] of NO_FILE) {
      await make(`${world.root}/made`)
      await putInPlace(`${world.root}/made`, world.file)
      expect(JSON.parse(await world.ok('get', 'agents.mary.context.a')), name).toBe(1)
      if (!setUp.hub) await world.run('health', '--fix')
      await soon(async () => (await readdir(aside(world)).catch(() => [])).length > 0, name)
      await isRestored(world, ++count)
      expect((await lstat(world.file)).isFile(), name).toBe(true)
      await rm(aside(world), { recursive: true })
    }
    const untouched = ({ ino, mode, ctimeMs }: Stats): object => ({ ino, mode, ctimeMs })
    expect(untouched(await lstat(`${world.root}/made.folder`))).toEqual(untouched(folder))
    expect(await readdir(`${world.root}/made.folder`)).toEqual(['theirs'])
    expect(untouched(await lstat(`${world.root}/made.pipe`)), 'what a link leads to').toEqual(untouched(pipe))
  })

  test('is kept aside and restored behind a link to it, and the link stays', async () => {
    const world = await makeWorld(setUp)
    const behind = `${world.root}/elsewhere.json`
    await writeFile(behind, await world.text(), { mode: 0o640 })
    await symlink(behind, `${world.root}/made`)
    await rename(`${world.root}/made`, world.file)
    await isRestored(world, 1)
    await leave(world, '{"half":')
    await isRestored(world, 2)
    expect(await readlink(world.file)).toBe(behind)
    expect(JSON.parse(await readFile(behind, 'utf8'))).toMatchObject({ agents: { mary: { context: { n: 2 } } } })
    expect((await stat(behind)).mode & 0o777).toBe(0o640)
    expect((await keptAside(world)).map(String)).toContain('{"half":')
  })
})

/** A hub puts the file back at once, and a folder does not replace a file in one step. */
async function putInPlace(made: string, path: string): Promise<void> {
  await soon(async () => {
    await rm(path, { force: true })
    await rename(made, path)
    return true
  })
}

describe.each([REDIS_AND_HUB, FILES_ALONE])('a context.json that is strange, with $name,', (setUp) => {
  test('is data where it can be read', async () => {
    const world = await makeWorld(setUp)
    for (const [name, content, shown] of DATA) {
      await leave(world, content)
      await world.ok('update', 'gg', 'active')
      await soon(async () => {
        expect(JSON.parse(await world.ok('get', '/agents/mary')), name).toMatchObject(shown)
        return true
      })
      expect(await readdir(aside(world)).catch(() => []), name).toEqual([])
    }
    await leave(world, DATA[1]![1])
    expect(await world.ok('get', '/agents/mary/context/__proto__', '--compact')).toBe('{"polluted":1}\n')
    notPolluted()
  })

  test('is taken as far as it can be read, and a copy is kept', async () => {
    const world = await makeWorld(setUp)
    for (const [name, content] of PARTLY) {
      await world.ok('set', 'mary', 'a=1')
      await leave(world, content)
      await soon(async () => (await world.ok('get', '/agents/gg/status', '--raw')) === 'new\n', name)
      await world.ok('update', 'gg', 'taken')
      await world.showsInFile({ agents: { mary: { status: 'active', context: { a: 1 } }, gg: { status: 'taken' } } })
      expect((await keptAside(world)).map(String), name).toContain(content)
      expect(Object.keys((await world.context()).agents).sort(), name).toEqual(['gg', 'mary'])
      await rm(aside(world), { recursive: true })
    }
  })

  test('and was replaced before anybody had read it, is what the copy is of', async () => {
    const world = await makeWorld(setUp)
    const [, content] = PARTLY[1]!
    const replaced = `${dirname(aside(world))}/replaced.${Date.now() - 60_000}.abc`
    await writeFile(`${replaced}.new`, content)
    const before = new Date(Date.now() - 60_000)
    await utimes(`${replaced}.new`, before, before)
    await rename(`${replaced}.new`, replaced)
    await soon(async () => (await world.ok('update', 'rnd', 'active'), (await world.ok('get', '/agents/gg/status', '--raw')) === 'new\n'))
    expect((await keptAside(world)).map(String)).toEqual([content])
    expect(await readdir(dirname(replaced))).not.toContain(basename(replaced))
  })
})

test('a 50 MB file keeps the hub from nobody for long, and does not stay in its memory', async () => {
  const world = await makeWorld(REDIS_AND_HUB)
  const before = await residentBytes(world.hub!.pid)
  await writeFile(world.file, `{"agents":{"mary":{"context":{${'"k":[1,2,3],'.repeat(4 * 1024 * 1024)}"z":1}}}}`)
  await isRestored(world, 1)
  expect(await world.json('hub', 'status')).toMatchObject({ running: true })
  expect((await keptAside(world))[0]?.length).toBeGreaterThan(50 * 1000 * 1000)
  expect((await residentBytes(world.hub!.pid)) - before).toBeLessThan(600 * 1024 * 1024)
})

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
}

test('a context.json that this user may not open is moved aside, with its mode', async () => {
  const world = await makeWorld(FILES_ALONE)
  await chmod(world.file, 0o000)
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534:65534', world.root])
  const ran = await world.runWith({ ...user }, 'set', 'mary', 'b=2')
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  const health = await world.runWith({ ...user }, 'health', '--fix')
  expect(health.stdout).toContain('this user may not open it')
  expect(JSON.parse((await world.runWith({ ...user }, 'get', 'agents.mary.context', '--compact')).stdout)).toEqual({ a: 1, b: 2 })
  const [name] = await readdir(aside(world))
  expect((await stat(`${aside(world)}/${name ?? ''}`)).mode & 0o777).toBe(0)
})

test.each(['040', '060'])('a context.json that only its group may open (%s) stays closed to all others', async (mode) => {
  const world = await makeWorld(FILES_ALONE)
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_533 } : {}
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534:65533', world.root])
  await chmod(world.file, parseInt(mode, 8))
  expect(await world.runWith(user, 'set', 'mary', 'b=2')).toMatchObject({ code: 0 })
  expect(await world.runWith(user, 'health', '--fix')).toMatchObject({ stdout: expect.stringContaining('unreadable file was set aside') })
  await isRestored(world, 1)
  expect((await stat(world.file)).mode & 0o777).toBe(parseInt(mode, 8) | 0o600)
})

test('a context.json that this user may not open any more is put back by a hub that has looked at it before', async () => {
  const world = await makeWorld(FILES_ALONE)
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534:65534', world.root])
  await world.startHub(user)
  expect(await world.runWith(user, 'set', 'mary', 'b=2')).toMatchObject({ code: 0 })
  await world.showsInFile({ agents: { mary: { context: { a: 1, b: 2 } } } })
  const closed = await stat(world.file)
  await chmod(world.file, 0o000)
  await soon(async () => (await stat(world.file)).ino !== closed.ino, 'another file in its place')
  expect((await stat(world.file)).mode & 0o777, 'closed to others, as it was').toBe(0o600)
  await world.showsInFile({ agents: { mary: { context: { a: 1, b: 2 } } } })
  const { stdout } = await world.runWith(user, 'health')
  expect(stdout).toContain('unreadable file was set aside')
  expect(stdout, 'what was set aside is in nobody\'s way').toContain('open to this one')
})

test('what lies behind a link in our own folder is neither opened to nor closed from others, nor removed', async () => {
  const world = await makeWorld(FILES_ALONE)
  const theirs = `${world.root}/theirs`
  const ours = `${world.root}/shared_memory/.memory_sync`
  await mkdir(theirs)
  await Promise.all(Array.from({ length: 30 }, (_, n) => writeFile(`${theirs}/file${n}`, '', { mode: 0o644 })))
  await symlink(`${theirs}/file1`, `${ours}/link`)
  await symlink(theirs, `${ours}/aside`)
  await chmod(ours, 0o755)
  await leave(world, 'not JSON')
  await world.run('health', '--fix')
  await isRestored(world, 1)
  expect((await stat(ours)).mode & 0o777).toBe(0o700)
  expect((await stat(`${theirs}/file1`)).mode & 0o777).toBe(0o644)
  expect((await readdir(theirs)).filter((name) => name.startsWith('file'))).toHaveLength(30)
})

test('a journal that is no file takes no write, and nobody waits for it', async () => {
  const world = await makeWorld(FILES_ALONE)
  const journal = `${world.root}/shared_memory/.memory_sync/journal`
  await rm(journal, { force: true })
  execFileSync('mkfifo', [journal])
  const reader = await open(journal, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    expect(await world.run('set', 'mary', 'a=2')).toMatchObject({ code: 69, stdout: '' })
    expect((await reader.read(Buffer.alloc(10), 0, 10)).bytesRead).toBe(0)
    expect(await world.run('get')).toMatchObject({ code: 69, stderr: expect.stringContaining('is a pipe') })
  } finally {
    await reader.close()
  }
})
