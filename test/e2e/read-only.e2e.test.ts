import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { BIN, Cli, type Ran } from './cli.js'

const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
const UNKNOWN = 54_321

/**
 * Nothing stops root from writing: then the tree belongs to somebody else, who may not write to it either. That user may have no
 * right to read this working tree, so the program is copied beside the root.
 */
async function makeReadOnly(cli: Cli): Promise<(...args: string[]) => Promise<Ran>> {
  const run = await asNobody(cli)
  if (isRoot) execFileSync('chown', ['-R', String(NOBODY), dirname(cli.root)])
  execFileSync('chmod', ['-R', 'a-w', cli.root])
  return run
}

async function asNobody(cli: Cli): Promise<(...args: string[]) => Promise<Ran>> {
  const program = await copyOfProgram(cli)
  return (...args) => cli.runWith(isRoot ? { uid: NOBODY, program } : { program }, ...args)
}

async function copyOfProgram(cli: Cli): Promise<string> {
  const home = dirname(cli.root)
  const tree = dirname(dirname(BIN))
  for (const part of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) {
    await cp(join(tree, part), join(home, 'program', part), { recursive: true })
  }
  return join(home, 'program', 'bin', 'run.js')
}

/** What only its owner may open is open to root: then it is root's. */
async function closeToOthers(cli: Cli): Promise<(...args: string[]) => Promise<Ran>> {
  const run = await asNobody(cli)
  execFileSync('chmod', ['755', dirname(cli.root)])
  if (!isRoot) execFileSync('chmod', ['000', `${dirname(cli.contextFile)}/.memory_sync`])
  return run
}

describe('in a tree that cannot be written', () => {
  let cli: Cli
  beforeEach(async () => {
    cli = await Cli.make()
    await mkdir(dirname(cli.contextFile), { recursive: true })
    return () => {
      execFileSync('chmod', ['-R', 'u+rwX', cli.root]) // so that it can be removed
    }
  })

  it('get shows what was written, and log who did it', async () => {
    await cli.ok('set', 'mary', 'a=1')
    const run = await makeReadOnly(cli)
    expect(await run('get', 'context.a', '--agent', 'mary')).toMatchObject({ code: 0, out: '1\n', err: '' })
    expect(await run('log')).toMatchObject({ code: 0, out: expect.stringContaining('"by":"tester"'), err: '' })
  })

  it('get shows a context that memory_sync has never written to, and leaves nothing there', async () => {
    await writeFile(cli.contextFile, '{"version":"1.0","agents":{"gc":{"status":"active"}}}')
    const run = await makeReadOnly(cli)
    expect(await run('get', 'agents.gc.status', '--raw')).toMatchObject({ code: 0, out: 'active\n', err: '' })
    expect(await readdir(dirname(cli.contextFile))).toEqual(['context.json'])
  })

  it('a write says so and exits 69', async () => {
    const run = await makeReadOnly(cli)
    expect(await run('update', 'mary', 'active')).toMatchObject({
      code: 69,
      out: '',
      err: expect.stringContaining('cannot be written'),
    })
    expect(await run('get')).toMatchObject({ code: 1, out: '' })
  })

  it('of somebody else: nothing is said of what cannot be seen, neither that no hub runs nor that all can be read', async () => {
    await cli.ok('set', 'mary', 'a=1')
    const run = await closeToOthers(cli)
    for (const call of [['hub', 'status'], ['hub', 'stop'], ['publish', '{"event":"x"}']]) {
      expect(await run(...call)).toMatchObject({ code: 69, out: '', err: expect.stringMatching(/^Error: whether a hub runs for .* cannot be seen: EACCES[^]*\n {2}- ask as the user/) })
    }
    // context.json alone may lack what is acknowledged, and does not say so.
    expect(await run('get')).toMatchObject({ code: 69, out: '', err: expect.stringMatching(/^Error: \S+\/\.memory_sync\/state\.json cannot be used: EACCES[^]*\n {2}- ask as the user/) })
    const { code, out } = await run('health', '--json')
    expect(code).toBe(1)
    const { findings } = JSON.parse(out) as { findings: { name: string; level: string; text: string }[] }
    for (const [name, level, text] of [
      ['hub', 'bad', 'Whether a hub runs cannot be seen: EACCES'],
      ['state', 'bad', 'Saved state cannot be read: it could not be looked at'],
      ['journal', 'off', 'Journal: not known here, see what could not be looked at'],
      ['activity', 'bad', 'The history cannot be read'],
    ]) expect(findings).toContainEqual(expect.objectContaining({ name, level, text: expect.stringContaining(text!) }))
  })
})

/** As a container starts it, with a number for a user. */
describe.skipIf(!isRoot)('for a user whom the system does not know, and without HOME', () => {
  it.each([['health', '--json'], ['lock', 'list'], ['where'], ['--help']])('%s works', async (...args) => {
    const cli = await Cli.make()
    const program = await copyOfProgram(cli)
    execFileSync('chown', ['-R', String(UNKNOWN), dirname(cli.root)])
    const { code, out, err } = await cli.runWith({ uid: UNKNOWN, program, env: { HOME: undefined, USER: undefined } }, ...args)
    expect({ code, err }).toEqual({ code: args[0] === 'health' ? 1 : 0, err: '' }) // there is no hub
    expect(out.length > 0).toBe(args[0] !== 'lock')
  })
})

it('whoever only looks makes no root', async () => {
  const cli = await Cli.make()
  const root = join(dirname(cli.root), 'wrong', 'place')
  for (const look of [['get'], ['health'], ['status'], ['log'], ['agents'], ['task', 'list'], ['lock', 'list'], ['hub', 'status'], ['where']]) {
    await cli.run(...look, '--root', root)
    expect({ look, there: await readdir(dirname(cli.root)) }).toEqual({ look, there: expect.not.arrayContaining(['wrong']) })
  }
})

it('health says why a root that is not there cannot be made', async () => {
  const cli = await Cli.make()
  await writeFile(join(dirname(cli.root), 'file'), '')
  const { code, out } = await cli.run('health', '--root', join(dirname(cli.root), 'file', 'root'))
  expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/❌ Root takes no writes: .*file is no folder/) })
})
