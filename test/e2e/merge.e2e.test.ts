import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { afterwards } from '../support/cleanup.js'
import { configure } from '../support/configure.js'
import { environmentOf, type Ran } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'
import { FILES_ALONE, REDIS_ALONE, soon, World } from '../support/world.js'

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** A working tree whose branch `other` can be merged, and whose branch `clash` cannot. */
class Tree {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Tree> {
    const tree = new Tree(await makeTempFolder())
    tree.git('init', '-q', '-b', 'main')
    tree.commit('a', 'one')
    for (const [branch, file] of [['other', 'b'], ['clash', 'a']] as const) {
      tree.git('checkout', '-q', '-b', branch, 'main')
      tree.commit(file, branch)
    }
    tree.git('checkout', '-q', 'main')
    tree.commit('a', 'two')
    return tree
  }

  git(...args: string[]): string {
    const names = ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid']
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' } // a `git status` of ours must not hold the index that a merge wants
    return execFileSync('git', ['-C', this.folder, ...names, ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  }

  commit(file: string, text: string): string {
    writeFileSync(`${this.folder}/${file}`, text)
    this.git('add', file)
    this.git('commit', '-q', '-m', text)
    return this.git('rev-parse', 'HEAD')
  }

  async run(world: World, ...args: string[]): Promise<Ran> {
    const author = { GIT_AUTHOR_NAME: 't', GIT_AUTHOR_EMAIL: 't@example.invalid', GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@example.invalid' }
    const env = { ...environmentOf(world.options), ...author }
    const child = spawn(process.execPath, [BIN, ...args], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    afterwards(() => void child.kill('SIGKILL')) // of a test that failed
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { code, signal, stdout, stderr }
  }
}

let tree: Tree
beforeEach(async () => {
  tree = await Tree.make()
})

describe('merge run', () => {
  test('merges with the HEAD of the moment of the grant', async () => {
    const world = await World.make(FILES_ALONE)
    const { token } = await world.json<{ token: string }>('lock', 'acquire', 'merge')
    const running = tree.run(world, 'merge', 'run', '--wait', '60', '--branch', 'other', '--', 'sh', '-c', 'echo $MEMORY_SYNC_HEAD $MEMORY_SYNC_BRANCH_HEAD && git merge -q --no-edit $MEMORY_SYNC_BRANCH')
    await soon(async () => (await world.json<{ waiting: string[] }>('merge', 'status')).waiting.length === 1)
    const head = tree.commit('a', 'three')
    await world.ok('lock', 'release', 'merge', '--token', token)
    expect(await running).toMatchObject({ code: 0, stdout: `${head} ${tree.git('rev-parse', 'other')}\n`, stderr: '' })
    expect(tree.git('log', '-1', '--format=%P')).toBe(`${head} ${tree.git('rev-parse', 'other')}`)
  })

  test('aborts what fails half-way, and gives the lease back', async () => {
    const world = await World.make(FILES_ALONE)
    const head = tree.git('rev-parse', 'HEAD')
    const { code, stderr } = await tree.run(world, 'merge', 'run', '--', 'git', 'merge', '-q', '--no-edit', 'clash')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('the half-done merge was aborted') as string })
    expect([tree.git('rev-parse', 'HEAD'), tree.git('status', '--porcelain')]).toEqual([head, ''])
    expect((await tree.run(world, 'merge', 'run', '--', 'true')).code).toBe(0)
  })

  test('aborts what is half done when its command had to be killed', async () => {
    const world = await World.make(FILES_ALONE)
    const running = tree.run(world, 'merge', 'run', '--ttl', '3', '--', 'sh', '-c', 'git merge -q --no-edit clash; sleep 1000')
    await soon(() => tree.git('status', '--porcelain') !== '')
    await world.ok('lock', 'force-release', 'merge', '--yes')
    expect((await running).code).toBe(14)
    expect(tree.git('status', '--porcelain')).toBe('')
  })

  test('takes the lease for as long as the config allows, where nobody says for how long', async () => {
    const world = await World.make(FILES_ALONE, { before: (root) => configure(root, { lock: { maxTtlSeconds: 20 } }) })
    expect(await tree.run(world, 'merge', 'run', '--', 'echo', 'ran')).toMatchObject({ code: 0, stdout: 'ran\n', stderr: '' })
  })

  test('begins nothing in a tree with changes, with a merge half done, outside a tree, or for a branch that is none', async () => {
    const world = await World.make(FILES_ALONE)
    const refused = async (why: RegExp, ...args: string[]): Promise<void> => {
      const { code, stdout, stderr } = await tree.run(world, 'merge', 'run', ...args, '--', 'echo', 'ran')
      expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(why) as string })
    }
    await refused(/"no-such" is no commit/, '--branch', 'no-such')
    writeFileSync(`${tree.folder}/a`, 'changed')
    await refused(/changes that are not committed/)
    tree.git('checkout', '-q', 'a')
    tree.git('merge', '-q', '--no-commit', 'other')
    await refused(/a merge is half done/)
    expect((await world.run('merge', 'run', '--', 'echo', 'ran')).stderr).toMatch(/in no git working tree/)
    expect(await world.json('merge', 'status')).toMatchObject({ held: false })
  })

  test('runs nothing when the waiting was in vain', async () => {
    const world = await World.make(FILES_ALONE)
    await world.ok('lock', 'acquire', 'merge')
    expect(await tree.run(world, 'merge', 'run', '--', 'echo', 'ran')).toMatchObject({ code: 10, stdout: '' })
    expect(await tree.run(world, 'merge', 'run', '--wait', '0.3', '--', 'echo', 'ran')).toMatchObject({ code: 11, stdout: '' })
  })
})

describe('the lock of an older program', () => {
  test('is respected, shown, and waited for', async () => {
    const world = await World.make(REDIS_ALONE)
    const client = await world.redis.client()
    await client.set('prp:merge:lock', 'pm-agent-3', 'EX', 3_600)
    expect(await tree.run(world, 'merge', 'run', '--', 'echo', 'ran')).toMatchObject({ code: 10, stdout: '', stderr: expect.stringContaining('pm-agent-3') as string })
    expect(await world.ok('redis-merge-status')).toContain('an older program has prp:merge:lock: pm-agent-3')
    const running = tree.run(world, 'merge', 'run', '--wait', '60', '--', 'echo', 'ran')
    await soon(async () => (await world.json<{ waiting: string[] }>('merge', 'status')).waiting.length === 1)
    await client.del('prp:merge:lock')
    expect(await running).toMatchObject({ code: 0, stdout: 'ran\n' })
  })

  test('is held while we merge, and never taken from another', async () => {
    const world = await World.make(REDIS_ALONE)
    const client = await world.redis.client()
    const running = tree.run(world, 'merge', 'run', '--', 'sh', '-c', 'until [ -e go ]; do sleep 0.02; done')
    await soon(async () => /^memory_sync:/.test((await client.get('prp:merge:lock')) ?? ''))
    expect(await client.set('prp:merge:lock', 'pm-agent-3', 'EX', 3_600, 'NX')).toBeNull()
    writeFileSync(`${tree.folder}/go`, '')
    expect((await running).code).toBe(0)
    expect(await client.exists('prp:merge:lock')).toBe(0)
  })

  test('that it takes without asking ends our command, and stays its own', async () => {
    const world = await World.make(REDIS_ALONE)
    const client = await world.redis.client()
    const running = tree.run(world, 'merge', 'run', '--ttl', '3', '--', 'sleep', '1000')
    await soon(async () => (await client.exists('prp:merge:lock')) === 1)
    await client.set('prp:merge:lock', 'pm-agent-3')
    expect((await running).code).toBe(14) // also where it was taken before the command was started
    expect(await client.get('prp:merge:lock')).toBe('pm-agent-3')
  })
})
