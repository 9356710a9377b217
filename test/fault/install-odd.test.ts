/** Installing where something is not as one expects it. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Home } from '../support/installed.js'

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

  test('takes a relative XDG path for none: it would be another place in each folder', async () => {
    const home = await Home.make()
    home.use({ XDG_CONFIG_HOME: 'conf', XDG_DATA_HOME: 'data' })
    await home.ok('install', '--yes')
    expect(existsSync(`${home.path}/.local/share/memory_sync/current/bin/run.js`)).toBe(true)
    await home.spawn(`${home.path}/.local/bin/memory_sync`, ['update', 'mary', 'active'])
    expect(JSON.parse((await home.spawn(`${home.path}/.local/bin/memory_sync`, ['get'])).stdout)).toMatchObject({ agents: { mary: { status: 'active' } } })
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
