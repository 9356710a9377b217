import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { HOOKS, installHooks, runProgram } from '../support/hooks.js'
import { processesIn } from '../support/processes-in.js'
import { environmentOf, type Ran } from '../support/program.js'
import { FILES_ALONE, FILES_AND_HUB, SET_UPS, soon, World } from '../support/world.js'

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

/** A user's program in the root of a tree, and as a user runs it: with nothing said about roots but what its tree says. */
function runIn({ root, options }: World, command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return runProgram(command, args, {
    env: { ...environmentOf(options), PYTHONDONTWRITEBYTECODE: '1', ...env },
    cwd: root,
  })
}

const WANTS_JSON = { MEMORY_SYNC_CONTENT_TYPE: 'json' }
const FINE = { code: 0, signal: null, stdout: 'fine\n', stderr: '' }

describe.each(SET_UPS)('with $name', (setUp) => {
  test("a user's program in Python finds what it was promised", async () => {
    const world = await World.make(setUp)
    installHooks(world.root)
    const canPublish = setUp.redis || setUp.hub ? 'yes' : 'no'
    expect(await runIn(world, 'python3', [fixture('acceptance.py')], { CAN_PUBLISH: canPublish })).toEqual(FINE)
  })

  test("a user's shell script finds what it was promised", async () => {
    const world = await World.make(setUp)
    installHooks(world.root)
    expect(await runIn(world, 'sh', [fixture('acceptance.sh')])).toEqual(FINE)
  })
})

const oldest = spawnSync('python3.9', ['--version']).status === 0
if (!oldest) process.stderr.write('not tested: there is no python3.9 here, the oldest version that is promised\n')

test.skipIf(!oldest)('the Python of the oldest version that is promised takes the shim', async () => {
  const world = await World.make(FILES_ALONE)
  installHooks(world.root)
  expect(await runIn(world, 'python3.9', [fixture('acceptance.py')], { CAN_PUBLISH: 'no' })).toEqual(FINE)
})

test('the shim is in the language of Python 3.9', () => {
  const check = 'import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))'
  execFileSync('python3', ['-c', check, `${HOOKS}/memory_hub.py`])
})

test('the shim is imported from packages with and without __init__.py, without root in the environment', async () => {
  const world = await World.make(FILES_ALONE)
  installHooks(world.root)
  await world.ok('update', 'mary', 'here')
  const program = 'from agents.memory_hub.memory_hub import UnifiedMemoryHub as H; print(H().get_unified_context()["agents"]["mary"]["status"])'
  const bare = { MEMORY_SYNC_ROOT: '', LUKA_SOT: '', HOME: `${world.root}/nobody` }
  expect(await runIn(world, 'python3', ['-c', program], bare)).toMatchObject({ stdout: 'here\n', stderr: '' })
  for (const folder of ['agents', 'agents/memory_hub']) writeFileSync(`${world.root}/${folder}/__init__.py`, '')
  expect(await runIn(world, 'python3', ['-c', program], bare)).toMatchObject({ stdout: 'here\n', stderr: '' })
})

test('the shim run as a program is the hub, with the same process', async () => {
  const world = await World.make(FILES_ALONE)
  installHooks(world.root)
  const running = runIn(world, 'python3', ['agents/memory_hub/memory_hub.py'])
  const status = await soon(async () => {
    const { stdout } = await world.run('hub', 'status', '--json')
    const { running: isUp, pid } = JSON.parse(stdout) as { running: boolean; pid: number }
    return isUp && pid
  })
  process.kill(status, 'SIGTERM')
  expect(await running).toMatchObject({ code: 0 })
})

test.each([
  ['with its last line', 'next(updates)'],
  ['in the middle of a loop', 'for update in updates: sys.exit(0)'],
  ['behind a loop', 'for update in updates: break'],
  ['while a thread waits', 'threading.Thread(target=lambda: list(updates), daemon=True).start()'],
  ['with a generator that Python never closes', 'class Holder: pass\nholder = Holder(); holder.me, holder.updates = holder, updates; next(updates); gc.disable(); del updates, holder'],
])('a program that ends %s without closing its updates ends well, and with it what it has started', async (_, rest) => {
  const world = await World.make(FILES_ALONE)
  installHooks(world.root)
  await world.ok('update', 'mary', 'here')
  const program = `import gc, sys, threading
from agents.memory_hub.memory_hub import UnifiedMemoryHub
updates = UnifiedMemoryHub().subscribe_updates(since="0")
print("fine")
${rest}`
  expect(await runIn(world, 'timeout', ['-s', 'KILL', '60', 'python3', '-c', program])).toEqual(FINE)
  await soon(async () => (await processesIn(world.root)).length === 0)
})

test('the shim finds what it reads where the environment wants JSON', async () => {
  const world = await World.make(FILES_AND_HUB)
  installHooks(world.root)
  const program = `from agents.memory_hub.memory_hub import UnifiedMemoryHub
hub = UnifiedMemoryHub()
updates = hub.subscribe_updates()
hub.update_agent_context("mary", {"is": "fine"})
print(next(updates)["data"]["context"]["is"])`
  expect(await runIn(world, 'timeout', ['-s', 'KILL', '20', 'python3', '-c', program], WANTS_JSON)).toEqual(FINE)
})

test('where memory_sync is gone the shim says so, and pretends nothing', async () => {
  const world = await World.make(FILES_ALONE)
  installHooks(world.root, { client: '#!/bin/sh\necho broken >&2\nexit 70\n' })
  const program = `from agents.memory_hub.memory_hub import *
try:
    UnifiedMemoryHub().update_agent_context("mary", {})
except MemorySyncError as error:
    print(error)`
  expect(await runIn(world, 'python3', ['-c', program])).toMatchObject({ stdout: 'memory_sync set ended with 70: broken\n' })
})

/** The text of a script that others have written and go on using. */
const GC_SCRIPT = `#!/bin/sh
set -eu
export LUKA_SOT="\${LUKA_SOT:-$HOME/02luka}"
sync="$LUKA_SOT/tools/memory_sync.sh"
case "\${1:-}" in
  update) "$sync" update gc active >/dev/null ;;
  push) printf '%s\\n' "\${2:-{\\}}" | jq . > "$LUKA_SOT/bridge/memory/inbox/gc_context_$(date +%s).json" ;;
  get) "$sync" get | jq '.agents.gc? // {}' ;;
  *) exit 1 ;;
esac
`

test("another program's gc_memory_sync.sh: what it pushes is shown under agents.gc.context", async () => {
  const world = await World.make(FILES_AND_HUB)
  const tools = installHooks(world.root)
  writeFileSync(`${tools}/gc_memory_sync.sh`, GC_SCRIPT, { mode: 0o755 })
  mkdirSync(`${world.root}/bridge/memory/inbox`, { recursive: true })
  const gc = (...args: string[]): Promise<Ran> => runIn(world, `${tools}/gc_memory_sync.sh`, args, { LUKA_SOT: world.root })
  const silent = { code: 0, signal: null, stdout: '', stderr: '' }
  expect(await gc('update')).toEqual(silent)
  expect(await gc('push', '{"focus":"it\'s new","n":1.10}')).toEqual(silent)
  await soon(async () => (await gc('get')).stdout.includes('focus'))
  expect(JSON.parse((await gc('get')).stdout)).toMatchObject({ status: 'active', context: { focus: "it's new", n: 1.1 } })
})

describe('the entry points of the health checks', () => {
  const health = (world: World, name: string, ...args: string[]): Promise<Ran> => runIn(world, `${world.root}/tools/${name}`, args)

  test('say the same where the environment wants JSON', async () => {
    const world = await World.make(FILES_AND_HUB)
    const tools = installHooks(world.root)
    await world.ok('update', 'mary', 'active')
    const [hub, shared] = await Promise.all(['memory_hub_health', 'shared_memory_health'].map((name) => runIn(world, `${tools}/${name}.zsh`, [], WANTS_JSON)))
    expect(hub).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n✅ All checks passed\n$/) as unknown })
    expect(shared).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✅ [^]*\n✅ health passed\n$/) as unknown })
  })

  test('are green when all is well, and red when it is not', async () => {
    const world = await World.make(FILES_AND_HUB)
    installHooks(world.root)
    await world.ok('update', 'mary', 'active')
    const isWell = (await world.run('health')).code === 0
    expect(isWell).toBe(true)
    expect(await health(world, 'memory_hub_health.zsh')).toMatchObject({ code: 0, stdout: expect.stringMatching(/Hub Service:[^]*Health Score: 100%[^]*\n✅ All checks passed\n$/) as unknown })
    const shared = await health(world, 'shared_memory_health.zsh')
    expect(shared).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✅ [^]*\n✅ health passed\n$/) as unknown })
    await world.ok('hub', 'stop')
    expect(await health(world, 'memory_hub_health.zsh')).toMatchObject({ code: 1, stdout: expect.stringContaining('❌ Hub') as unknown })
    const red = await health(world, 'shared_memory_health.zsh')
    expect(red.code).toBe(1)
    expect(red.stdout).toMatch(/^❌ Hub[^]*\n❌ health failed\n$/)
    expect(red.stdout).not.toContain('health passed')
  })

  test.each(['memory_hub_health.zsh', 'shared_memory_health.zsh'])('%s is red for a flag that there is none of, and takes those of health', async (name) => {
    const world = await World.make(FILES_AND_HUB)
    installHooks(world.root)
    await world.ok('update', 'mary', 'active')
    expect(await health(world, name, '--bad')).toMatchObject({ code: 1, stdout: expect.stringContaining('❌ memory_sync health ended with 2') as unknown })
    expect(await health(world, name, '--fix')).toMatchObject({ code: 0 })
  })

  test.each([
    ['ends with another code', '#!/bin/sh\necho "✅ All checks passed"\nexit 70\n'],
    ['is another program, which knows no health', '#!/bin/sh\nexit 0\n'],
    ['says that all is well and lists what is not', '#!/bin/sh\nprintf "Redis:\\n  ❌ no\\n✅ All checks passed\\n"\n'],
  ])('are red when the memory_sync that they ask %s', async (_, client) => {
    const world = await World.make(FILES_ALONE)
    installHooks(world.root, { client })
    const shared = await health(world, 'shared_memory_health.zsh')
    expect(shared.code).toBe(1)
    expect(shared.stdout).not.toContain('✅ health passed')
    if (!client.includes('❌')) expect((await health(world, 'memory_hub_health.zsh')).code).toBe(1)
  })
})
