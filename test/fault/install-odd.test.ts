/** Installing where something is not as one expects it. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/platform/digests.js'
import { BIN, Home } from '../support/installed.js'
import type { Ran } from '../support/program.js'
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk.js'

const noDisk = whyNoSmallDisk()
if (noDisk !== null) console.warn(`installing: NOT TESTED is a disk that is full: ${noDisk}`)

describe('an installation', () => {
  test('keeps Redis switched off where its owner has switched it off, however often it is done', async () => {
    const home = await Home.make() // in the config file
    const config = `${home.path}/.config/memory_sync/config.json`
    for (let n = 0; n < 2; n++) {
      expect(await home.ok('install', '--yes', '--dry-run')).toContain('files only: it is switched off')
      await home.ok('install', '--yes')
      expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({ redis: { enabled: false } })
    }
    const other = await Home.make({ redis: 'any' })
    other.use({ MEMORY_SYNC_REDIS: 'off' })
    await other.ok('install', '--yes')
    other.use({ MEMORY_SYNC_REDIS: '' })
    expect(await other.ok('install', '--yes', '--dry-run')).toContain('files only: it is switched off')
  })

  test.each(['.config', '.config/memory_sync', '.local', '.local/share'])('is refused where %s is a file, and says so', async (name) => {
    const home = await Home.make({ redis: 'any' })
    const path = `${home.path}/${name}`
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'mine')
    expect(await home.run('install', '--yes', '--redis', 'off')).toMatchObject({ code: 69, stderr: expect.stringMatching(/move away what stands there/) })
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  test.each<[string, (path: string) => unknown, RegExp]>([
    ['no JSON', (path) => { writeFileSync(path, 'broken{') }, /it is not JSON/],
    ['a folder', (path) => mkdirSync(path), /./],
    ['a pipe', (path) => spawnSync('mkfifo', [path]), /./],
  ])('over a context.json that is %s says that it is set aside, and works', async (_, make, why) => {
    const home = await Home.make()
    const path = `${home.root}/shared_memory/context.json`
    mkdirSync(dirname(path), { recursive: true })
    make(path)
    const plan = await home.ok('install', '--yes', '--dry-run')
    expect(plan).toMatch(/context\.json cannot be read \(.+\): the hub sets it aside/)
    expect(plan).toMatch(why)
    await home.ok('install', '--yes', '--service', 'supervisor')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ agents: {} })
  })

  test('over a context.json that is a link to nothing says so, and that the file does not come', async () => {
    const home = await Home.make()
    const path = `${home.root}/shared_memory/context.json`
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(`${home.path}/none/context.json`, path)
    expect(await home.ok('install', '--yes', '--dry-run')).toContain('context.json is a link that leads nowhere')
    const failed = await home.run('install', '--yes', '--service', 'supervisor')
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/context\.json does not have what was written: ENOENT/) })
    expect(readlinkSync(path)).toBe(`${home.path}/none/context.json`)
  })

  test('takes a relative XDG path for none: it would be another place in each folder', async () => {
    const home = await Home.make()
    home.use({ XDG_CONFIG_HOME: 'conf', XDG_DATA_HOME: 'data' })
    await home.ok('install', '--yes')
    expect(existsSync(`${home.path}/.local/share/memory_sync/current/bin/run.js`)).toBe(true)
    await home.spawn(`${home.path}/.local/bin/memory_sync`, ['update', 'mary', 'active'])
    expect(JSON.parse((await home.spawn(`${home.path}/.local/bin/memory_sync`, ['get'])).stdout)).toMatchObject({ agents: { mary: { status: 'active' } } })
  })

  test.each(['install', 'install-agent'])('"%s" refuses a relative HOME, and says what to set', async (command) => {
    const home = await Home.make()
    home.use({ HOME: home.path.slice(1) }) // from /, it is the same
    const { code, stdout, stderr } = await home.run(command, '--dry-run', '--service', 'supervisor')
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toMatch(/HOME is the relative path .*\n.*set HOME to an absolute path/)
  })

  test('goes on when the Node that it was made with is gone', async () => {
    const home = await Home.make()
    const node = `${home.path}/n/node`
    mkdirSync(`${home.path}/n`)
    copyFileSync(process.execPath, node)
    spawnSync('chmod', ['755', node])
    const { path } = home
    expect(await home.spawn(node, [new URL('../../bin/run.js', import.meta.url).pathname, 'install', '--yes'], { PATH: `${path}/n:/usr/local/bin:/usr/bin:/bin` })).toMatchObject({ code: 0 })
    await home.run('hub', 'stop')
    rmSync(node)
    expect(await home.spawn(`${path}/.local/bin/memory_sync`, ['task', 'list'])).toMatchObject({ code: 0, stderr: '' })
    expect(await home.spawn(`${home.root}/tools/memory_sync.sh`, ['health'])).toMatchObject({ stdout: expect.stringContaining('Health Score') })
  })

  test('says who calls another memory_sync, and takes a folder of the PATH as the shell does', async () => {
    const home = await Home.make()
    await home.write('before/memory_sync', '#!/bin/sh\nexit 7\n', 0o755)
    const ours = `${home.path}/.local/bin`
    const plan = async (...folders: string[]): Promise<string> => {
      home.use({ PATH: [...folders, '/usr/local/bin', '/usr/bin', '/bin'].join(':') })
      return home.ok('install', '--yes', '--dry-run')
    }
    const another = `${home.path}/before/memory_sync comes before`
    expect(await plan()).toContain('is not on your PATH')
    for (const folders of [[ours], [`${ours}/`], [ours, `${home.path}/before`]]) {
      const said = await plan(...folders)
      expect(said).not.toContain('is not on your PATH')
      expect(said).not.toContain('comes before')
    }
    expect(await plan(`${home.path}/before`, ours)).toContain(another)
    await home.ok('install', '--yes', '--service', 'supervisor')
    expect(await home.ok('health')).toMatch(new RegExp(`⚠️ +.*${another}`))
    await plan(ours)
    expect(await home.ok('health')).not.toContain(another)
  })

  test('whose record cannot be read does not keep a hub from being ended', async () => {
    const home = await Home.make()
    await home.ok('install', '--yes')
    await home.ok('rollback', '--yes')
    mkdirSync(`${home.path}/.config/memory_sync`, { recursive: true })
    const hub = home.run('hub')
    writeFileSync(`${home.path}/.config/memory_sync/install.json`, '{')
    let stopped = await home.run('hub', 'stop')
    while (stopped.stderr.includes('no hub runs')) stopped = await home.run('hub', 'stop')
    expect(stopped).toMatchObject({ code: 0, stderr: expect.stringContaining('whether a service starts the hub again is not known') })
    expect((await hub).code).toBe(0)
  })
})

describe.skipIf(noDisk !== null)('on a disk that is full', () => {
  /** All of a home, on a disk of its own. */
  async function onDisk(kib: number): Promise<{ disk: SmallDisk; run: (...args: string[]) => Promise<Ran>; files: () => string[] }> {
    const home = await Home.make({ redis: 'any' })
    const disk = await SmallDisk.over(home.path, kib)
    const [nsenter = '', ...via] = disk.via
    return {
      disk,
      run: (...args) => home.spawn(nsenter, [...via, process.execPath, BIN, ...args]),
      files: () => readdirSync(disk.seen, { recursive: true }).map(String).sort(),
    }
  }
  const REFUSED = { code: 69, stderr: expect.stringMatching(/ENOSPC[^]*free space on its disk/) }
  const INSTALL = ['install', '--yes', '--redis', 'off', '--service', 'supervisor']

  test('an installation says so, and leaves nothing', async () => {
    const { disk, run, files } = await onDisk(64)
    disk.fill()
    const before = files()
    for (const args of [INSTALL, ['install-agent', '--service', 'supervisor']]) {
      expect(await run(...args)).toMatchObject(REFUSED)
      expect(files()).toEqual(before)
    }
  })

  test('an installation for which there is no room in the middle says so, and is taken back', async () => {
    const { run, files } = await onDisk(1024)
    const { code, stderr } = await run(...INSTALL)
    expect({ code, stderr }).toMatchObject(REFUSED)
    expect(stderr).toContain('Error: Program: ')
    expect(files().filter((path) => path.includes('.local'))).toEqual([])
    expect(await run('rollback', '--yes')).toMatchObject({ code: 0 })
    expect(files()).toEqual([])
  })

  test('what is installed stays as it is until there is room', async () => {
    const { disk, run, files } = await onDisk(32_768)
    expect(await run(...INSTALL)).toMatchObject({ code: 0 })
    await run('hub', 'stop')
    disk.fill()
    const program = (): string[] => files().filter((path) => path.startsWith('.local/') && statSync(`${disk.seen}/${path}`).isFile())
    const contents = (): string[] => program().map((path) => `${path} ${sha256(readFileSync(`${disk.seen}/${path}`))}`)
    const before = { files: files(), contents: contents() }
    for (const args of [['rollback', '--yes'], INSTALL, ['install-agent']]) {
      expect(await run(...args)).toMatchObject(REFUSED)
      expect({ files: files(), contents: contents() }).toEqual(before)
    }
    disk.free()
    expect(await run('rollback', '--yes')).toMatchObject({ code: 0 })
    expect(files().filter((path) => path.startsWith('.'))).toEqual([])
  })
})
