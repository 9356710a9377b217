/** Root (sudo) at work in the root of another user, who has to go on as if it had been him. */
import { execFileSync } from 'node:child_process'
import { chmod, chown, cp, link, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { appendTo } from '../../src/platform/appending.js'
import { nodeFiles } from '../../src/platform/node-files.js'
import { giveToOwner } from '../../src/platform/owner.js'
import { type ProgramOptions, type Ran, startCli, startHub } from '../support/program.js'
import { startRedis } from '../support/redis.js'
import { makeTempFolder } from '../support/temp.js'
import { soon } from '../support/world.js'

const isRoot = process.getuid?.() === 0
const OWNER = { uid: 65_534, gid: 65_533 }
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

/** A folder of the owner, and the program where he may read it. */
async function ofOwner(redis?: string): Promise<{ root: string; owner: ProgramOptions; sudo: ProgramOptions }> {
  const folder = await makeTempFolder('ms-')
  await chmod(folder, 0o755)
  for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) await cp(`${PACKAGE}/${name}`, `${folder}/program/${name}`, { recursive: true })
  const root = `${folder}/root`
  await mkdir(root)
  await chown(root, OWNER.uid, OWNER.gid)
  const common = { root, redis, program: `${folder}/program/bin/run.js` }
  return { root, owner: { ...common, ...OWNER }, sudo: { ...common, env: { HOME: folder } } }
}

async function ok(args: string[], options: ProgramOptions): Promise<Ran> {
  const ran = await startCli(args, options).ended()
  expect(ran, args.join(' ')).toMatchObject({ code: 0 })
  return ran
}

const notOwned = (root: string): string =>
  execFileSync('find', [root, '!', '(', '-uid', String(OWNER.uid), '-gid', String(OWNER.gid), ')'], { encoding: 'utf8' })

const AS_ROOT = [
  ...[['update', 'rnd', 'active'], ['set', 'rnd', 'a=1'], ['record', 'rnd', 'T', 'ok', '{}', '--learning', 'x'], ['heartbeat', 'rnd'], ['remove', 'rnd']],
  ...[['lock', 'acquire', 'l', '--ttl', '1'], ['lock', 'run', 'm', '--', 'true'], ['task', 'add', 'X1', '--title', 't'], ['health', '--fix'], ['get'], ['log'], ['agents']],
]

async function works({ root, owner }: { root: string; owner: ProgramOptions }, after: string): Promise<void> {
  expect(notOwned(root), after).toBe('')
  await ok(['update', 'mary', 'idle'], owner)
  await ok(['lock', 'run', 'own', '--', 'true'], owner)
  expect((await ok(['get', 'agents.mary.status', '--raw'], owner)).stdout).toBe('idle\n')
}

describe.skipIf(!isRoot).each(['files only', 'Redis'])('root in the root of another user (%s)', { timeout: 240_000 }, (kind) => {
  const place = async (): ReturnType<typeof ofOwner> => {
    if (kind === 'files only') return ofOwner()
    const { port } = await startRedis({ tcp: true })
    return ofOwner(`redis://127.0.0.1:${port}`)
  }

  test.each([true, false])('leaves everything to its owner, who goes on, and whose hub starts (it was there before: %s)', async (isUsed) => {
    const made = await place()
    const { owner, sudo } = made
    if (isUsed) await ok(['update', 'mary', 'active'], owner)
    for (const call of AS_ROOT) {
      await startCli(call, sudo).ended()
      await works(made, call.join(' '))
    }
    const hub = await startHub(owner)
    for (const call of AS_ROOT) await startCli(call, sudo).ended()
    await works(made, 'with the hub of the owner')
    hub.signal('SIGTERM')
    expect(await hub.ended()).toMatchObject({ code: 0 })
  })

  test('the same of its hub', async () => {
    const made = await place()
    const { root, owner, sudo } = made
    const hub = await startHub(sudo)
    await writeFile(`${root}/bridge/memory/inbox/rnd_context_1.json`, 'no JSON')
    await chown(`${root}/bridge/memory/inbox/rnd_context_1.json`, OWNER.uid, OWNER.gid)
    await soon(async () => expect(await readdir(`${root}/bridge/memory/processed/rejected`)).toHaveLength(2))
    expect((await lstat(`${root}/shared_memory/.memory_sync/hub.sock`)).uid).toBe(OWNER.uid)
    await works(made, 'with a hub of root')
    expect((await ok(['hub', 'status'], owner)).stdout).toContain(`pid ${hub.pid}`)
    hub.signal('SIGKILL')
    await hub.ended()
    await works(made, 'after it')
    await startHub(owner)
    await works(made, 'with the hub of the owner')
  })
})

test.skipIf(!isRoot)('what root has made in another way, and its user cannot use, is named by health with the way out', async () => {
  const { root, owner } = await ofOwner()
  await ok(['update', 'mary', 'active'], owner)
  const path = `${root}/shared_memory/.memory_sync/version.1.log`
  await writeFile(path, '', { mode: 0o600 })
  await chown(path, 0, 0)
  const { stdout } = await startCli(['health', '--json'], owner).ended()
  const { findings } = JSON.parse(stdout) as { findings: object[] }
  expect(findings).toContainEqual(expect.objectContaining({ name: 'modes', level: 'bad', text: `This user cannot read or write ${path}`, wayOut: expect.stringContaining('sudo chown -R') }))
  await chown(path, OWNER.uid, OWNER.gid)
  expect((await startCli(['health', '--json'], owner).ended()).stdout).not.toContain('sudo chown')
})

test.skipIf(!isRoot).each(['journal', 'version.1.log'])('of one file that its user cannot open (%s) health says nothing of what it could not look at, and all of the rest', async (name) => {
  const { port } = await startRedis({ tcp: true })
  const { root, owner } = await ofOwner(`redis://127.0.0.1:${port}`)
  await startHub(owner)
  await ok(['update', 'mary', 'active'], owner)
  const path = `${root}/shared_memory/.memory_sync/${name}`
  await soon(() => lstat(path))
  await chown(path, 0, 0)
  await chmod(path, 0o600)
  const { findings } = JSON.parse((await startCli(['health', '--json'], owner).ended()).stdout) as { findings: { name: string; level: string; text: string }[] }
  const levelOf = Object.fromEntries(findings.map((finding) => [finding.name, finding.level]))
  expect(levelOf).toMatchObject({ 'hub': 'ok', 'one-hub': 'ok', 'redis-connection': 'ok', 'redis-writes': 'ok', 'redis-of-hub': 'ok', 'looked': 'bad', 'modes': 'bad' })
  expect(levelOf).toMatchObject({ 'context-file': 'off', 'file-lag': 'off', 'hub-lag': 'off', 'pending': 'off', 'activity': 'off', 'stale-agents': 'off' })
  const red = findings.flatMap((finding) => (finding.level === 'bad' ? [finding.name] : []))
  expect(['root', 'looked', 'modes']).toEqual(expect.arrayContaining(red))
})

test.skipIf(!isRoot).each(['shared_memory', 'shared_memory/.memory_sync'])('what its own user has closed (%s) needs no sudo, and is open with what health says', async (name) => {
  const { root, owner } = await ofOwner()
  await ok(['update', 'mary', 'active'], owner)
  for (const mode of [0o500, 0o000]) {
    await chmod(`${root}/${name}`, mode)
    const { findings } = JSON.parse((await startCli(['health', '--json'], owner).ended()).stdout) as { findings: { name: string; wayOut?: string }[] }
    const finding = findings.find((found) => found.name === 'modes')
    expect(finding).toMatchObject({ level: 'bad', wayOut: expect.not.stringContaining('sudo') })
    const said = finding!.wayOut!
    execFileSync('sh', ['-c', `${said.slice(said.indexOf('chmod'))} 2>&1`], { ...OWNER, stdio: 'ignore' })
    expect((await startCli(['health'], owner).ended()).stdout, mode.toString(8)).toContain('open to this one')
  }
})

describe.skipIf(!isRoot)('what root has not made in the folder of another user', () => {
  test('stays whose it is: a file that is there, what a link leads to, and another name of a file', async () => {
    const folder = await makeTempFolder()
    const theirs = `${folder}/theirs`
    await mkdir(theirs)
    await chown(theirs, OWNER.uid, OWNER.gid)
    await writeFile(`${folder}/secret`, '')
    await writeFile(`${theirs}/present`, '')
    await symlink(`${folder}/secret`, `${theirs}/link`)
    await link(`${folder}/secret`, `${theirs}/name`)
    for (const name of ['present', 'link', 'name']) {
      appendTo(`${theirs}/${name}`, 'x')
      await nodeFiles.write(`${theirs}/${name}`, 'x')
    }
    for (const name of ['link', 'name']) giveToOwner(`${theirs}/${name}`)
    for (const path of [`${folder}/secret`, `${theirs}/present`]) expect((await lstat(path)).uid, path).toBe(0)
    await nodeFiles.write(`${theirs}/new`, 'x')
    expect(await lstat(`${theirs}/new`)).toMatchObject(OWNER)
  })
})
