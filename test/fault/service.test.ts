import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { BIN, Home, processesOf } from '../support/installed.js'
import { startLaunchd } from '../support/launchctl/start.js'
import type { Ran } from '../support/program.js'
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk.js'
import { startSystemd, whyNoSystemd } from '../support/systemd.js'

const LABEL = 'com.02luka.memory.hub'
const soon = { timeoutMs: 30_000, intervalMs: 50 }

interface Manager {
  name: string
  /** Of its definition, below the home. */
  file: string
  start: (home: Home) => Promise<NodeJS.ProcessEnv>
  whyNot?: string | null
}

const MANAGERS: Manager[] = [
  { name: 'launchd', file: `Library/LaunchAgents/${LABEL}.plist`, start: (home) => startLaunchd({ home: home.path }) },
  {
    name: 'launchd without a screen',
    file: `Library/LaunchAgents/${LABEL}.plist`,
    start: (home) => startLaunchd({ home: home.path, screen: false }),
  },
  { name: 'systemd', file: `.config/systemd/user/${LABEL}.service`, start: (home) => startSystemd(home.path), whyNot: whyNoSystemd() },
  { name: 'the supervisor', file: `.config/memory_sync/service/${LABEL}.json`, start: () => Promise.resolve({}) },
]

for (const { name, whyNot } of MANAGERS) {
  if (whyNot !== undefined && whyNot !== null) console.warn(`NOT TESTED: services under ${name}, because ${whyNot}`)
}

const noDisk = whyNoSmallDisk()
if (noDisk !== null) console.warn(`NOT TESTED: a supervisor on a full disk, because ${noDisk}`)

async function install(manager: Manager): Promise<Home> {
  const home = await Home.make()
  home.use(await manager.start(home))
  await home.ok('install-agent')
  return home
}

describe.each(MANAGERS)('the service under $name', (manager) => {
  const it = manager.whyNot === undefined || manager.whyNot === null ? test : test.skip

  it('runs the hub, also after it was killed, until "hub stop" or --uninstall', async () => {
    const home = await install(manager)
    const first = await home.hubPid()
    expect(first).not.toBeNull()
    process.kill(first!, 'SIGKILL')
    const second = await eventually(async () => {
      const pid = await home.hubPid()
      return pid !== first && pid
    }, soon)

    const again = JSON.parse(await home.ok('install-agent', '--json')) as { stages: { changed: string[] }[] }
    expect(again.stages.flatMap(({ changed }) => changed)).toEqual([])
    expect(await home.hubPid(), 'nothing has changed, so it goes on').toBe(second)

    expect(await home.ok('hub', 'stop')).toContain(LABEL)
    await eventually(() => Promise.resolve(processesOf(home).length === 0), soon)
    await home.ok('install-agent')
    expect(await home.hubPid()).not.toBeNull()

    expect(home.has(manager.file)).toBe(true)
    await home.ok('install-agent', '--uninstall')
    expect(home.has(manager.file)).toBe(false)
    expect(processesOf(home)).toEqual([])
    expect((await home.run('install-agent', '--uninstall')).code).toBe(1)
  })

  it('is reported as a crash loop when the hub cannot live, and nothing of it is left', async () => {
    const home = await Home.make()
    home.use(await manager.start(home))
    await home.write('.config/memory_sync/config.json', 'no JSON')
    const { code, stderr } = await home.run('install-agent')
    expect(stderr).toMatch(/ends again and again \(crash loop\): \d+ starts, last exit 4/)
    expect(stderr).toContain('the config file')
    expect(code).toBe(1)
    expect(home.has(manager.file)).toBe(false)
    expect(processesOf(home)).toEqual([])
  })
})

describe('under the supervisor', () => {
  /** The supervisor allows the hub 15 s for its end, and is allowed 20 s for its own. */
  const BEFORE_ANY_LIMIT_MS = 12_000

  test.each([
    ['rollback', ['supervisor', 'hub']],
    ['hub stop', ['supervisor', 'hub']],
    ['hub stop', ['hub']],
  ] as const)('"%s" ends at once what was suspended (%j)', async (command, who) => {
    const home = await install(MANAGERS.find(({ name }) => name === 'the supervisor')!)
    const state = JSON.parse(await home.read(`.config/memory_sync/service/${LABEL}.state.json`)) as Record<(typeof who)[number], { pid: number }>
    for (const one of who) process.kill(state[one].pid, 'SIGSTOP')
    const began = performance.now()
    await home.ok(...command.split(' '))
    expect(performance.now() - began).toBeLessThan(BEFORE_ANY_LIMIT_MS)
    if (command === 'rollback') expect(processesOf(home)).toEqual([])
    expect(await home.hubPid()).toBeNull()
  })
})

describe('under launchd', () => {
  const plist = `Library/LaunchAgents/${LABEL}.plist`
  const domain = `gui/${process.getuid?.() ?? 0}`
  const former = `<?xml version="1.0"?><plist version="1.0"><dict><key>Label</key><string>${LABEL}</string>
<key>ProgramArguments</key><array><string>~/02luka/agents/memory_hub/run.sh</string></array>
<key>StandardOutPath</key><string>~/02luka/logs/memory_hub.out.log</string><key>RunAtLoad</key><true/><key>KeepAlive</key><true/></dict></plist>`

  /** A home with a service of a former installation that is loaded, with paths that nobody expands. */
  async function formerService(): Promise<Home> {
    const home = await Home.make({ name: 'home' })
    home.use(await startLaunchd({ home: home.path }))
    await home.write(plist, former)
    await home.spawn('launchctl', ['bootstrap', domain, `${home.path}/${plist}`])
    return home
  }

  const printed = (home: Home): Promise<string> =>
    eventually(async () => (await home.spawn('launchctl', ['print', `${domain}/${LABEL}`])).stdout, soon)

  test('a service of a former installation, with paths that nobody expands, makes way, and is back after the rollback', async () => {
    const home = await formerService()
    await home.ok('install-agent')
    expect(await home.hubPid()).not.toBeNull()
    await home.ok('rollback')
    expect(await home.read(plist)).toBe(former)
    expect(await printed(home)).toContain('last exit code = 78')
    expect(processesOf(home)).toEqual([])
  })

  test('a service of a former installation is back, and loaded, after an installation that failed', async () => {
    const home = await formerService()
    await home.write('.config/memory_sync/config.json', 'no JSON')
    const { code, stderr } = await home.run('install-agent')
    expect(code).toBe(1)
    expect(stderr).toContain('crash loop')
    expect(stderr).toContain(`the service ${LABEL} that was there before is loaded again`)
    expect(await home.read(plist)).toBe(former)
    expect(await printed(home)).toContain('program = ~/02luka/agents/memory_hub/run.sh')
    expect(processesOf(home)).toEqual([])
  })

  test('a hub that hangs is started anew by the next install-agent', async () => {
    const home = await Home.make()
    home.use(await startLaunchd({ home: home.path }))
    await home.ok('install-agent')
    const hung = await home.hubPid()
    process.kill(hung!, 'SIGSTOP')
    await home.ok('install-agent')
    const pid = await home.hubPid()
    expect(pid).not.toBeNull()
    expect(pid).not.toBe(hung)
  })

  test('a log path that cannot be opened is said as what it is', async () => {
    const home = await Home.make()
    home.use(await startLaunchd({ home: home.path }))
    await home.ok('install-agent')
    await home.ok('hub', 'stop')
    await rm(`${home.root}/logs`, { recursive: true })
    await writeFile(`${home.root}/logs`, '')
    const { code, stderr } = await home.run('install-agent')
    expect(code).toBe(1)
    expect(stderr).toContain(`${home.root}/logs is in the way`)
  })
})

describe.skipIf(whyNoSystemd() !== null)('under systemd', () => {
  /** A home with a unit of the same name that its owner runs, or has stopped. */
  async function formerUnit(isRunning: boolean): Promise<{ home: Home; isActive: () => Promise<string> }> {
    const home = await Home.make({ name: 'home' })
    home.use(await startSystemd(home.path))
    const unit = `${LABEL}.service`
    await home.write(`.config/systemd/user/${unit}`, '[Service]\nExecStart=/bin/sleep 600\n')
    const systemctl = async (...args: string[]): Promise<string> => (await home.spawn('systemctl', ['--user', ...args, unit])).stdout.trim()
    await home.spawn('systemctl', ['--user', 'daemon-reload'])
    await systemctl('start')
    if (!isRunning) await systemctl('stop')
    return { home, isActive: () => systemctl('is-active') }
  }

  test.each([
    [true, 'active'],
    [false, 'inactive'],
  ])('a service of somebody that ran (%s) is %s after the rollback', async (isRunning, is) => {
    const { home, isActive } = await formerUnit(isRunning)
    expect(await isActive()).toBe(is)
    await home.ok('install-agent')
    expect(await isActive()).toBe('active')
    const said = await home.ok('rollback')
    expect(said.includes('is loaded again')).toBe(isRunning)
    expect(await isActive()).toBe(is)
    expect(processesOf(home)).toEqual([])
  })
})

describe.skipIf(noDisk !== null)('under the supervisor, on a disk that is full', () => {
  /** The settings, the record and what the supervisor says of itself are on a disk of their own; the root is not. */
  async function onSmallDisk(): Promise<{ home: Home; disk: SmallDisk; run: (...args: string[]) => Promise<Ran> }> {
    const home = await Home.make({ redis: 'any' })
    await mkdir(`${home.path}/.config`)
    const disk = await SmallDisk.over(`${home.path}/.config`, 1024)
    const [nsenter = '', ...via] = disk.via
    const run = (...args: string[]): Promise<Ran> => home.spawn(nsenter, [...via, process.execPath, BIN, ...args])
    await mkdir(`${disk.seen}/memory_sync`)
    await writeFile(`${disk.seen}/memory_sync/config.json`, '{"redis":{"enabled":false}}')
    return { home, disk, run }
  }

  test('the hub is started again each time it ends, and nothing is left after a rollback', async () => {
    const { home, disk, run } = await onSmallDisk()
    expect(await run('install-agent')).toMatchObject({ code: 0 })
    for (const isFull of [true, true, false]) {
      if (isFull) disk.fill()
      else disk.free()
      const before = await home.hubPid()
      process.kill(before!, 'SIGKILL')
      await eventually(async () => ![null, before].includes(await home.hubPid()), { ...soon, what: 'another hub' })
    }
    await eventually(async () => {
      const { findings } = JSON.parse((await run('health', '--json')).stdout) as { findings: { name: string; level: string }[] }
      return findings.some(({ name, level }) => name === 'service' && level === 'ok')
    }, { ...soon, what: 'a service of which health knows the process' })
    expect(await run('rollback', '--yes')).toMatchObject({ code: 0 })
    expect(await readdir(`${disk.seen}/memory_sync`)).toEqual(['config.json'])
    expect(processesOf(home)).toEqual([])
  })
})
