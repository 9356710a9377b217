/** A real systemd for a user, private to the test: ended, with what it started, when the test ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterwards } from './cleanup.js'
import { eventually } from './eventually.js'
import { makeTempFolder } from './temp.js'

const script = fileURLToPath(new URL('./systemd.sh', import.meta.url))
const program = ['/lib/systemd/systemd', '/usr/lib/systemd/systemd'].find((path) => existsSync(path))
const HIERARCHIES = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']

/** null: this machine can have one; else why not. */
export function whyNoSystemd(): string | null {
  if (process.platform !== 'linux') return 'this is no Linux'
  if (program === undefined) return 'systemd is not installed'
  if (process.getuid?.() !== 0) return 'a private one needs root, for its mount namespace'
  if (!HIERARCHIES.every((path) => existsSync(`${path}/cgroup.procs`))) return 'the cgroups are not mounted as it is made for here'
  return null
}

/** The environment in which `systemctl --user` reaches it. */
export async function startSystemd(home: string): Promise<NodeJS.ProcessEnv> {
  const run = await makeTempFolder('ms-sd-')
  const manager = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', script, run, home, program ?? ''], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  manager.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const groups = HIERARCHIES.map((path) => `${path}/memory_sync-test-${manager.pid ?? 0}`)
  process.once('exit', () => manager.kill('SIGKILL'))
  afterwards(async () => {
    if (manager.exitCode === null && manager.signalCode === null) {
      const ended = once(manager, 'exit')
      manager.kill('SIGTERM')
      await ended
    }
    for (const group of groups) await eventually(() => removeGroup(group), { what: 'an empty cgroup' })
  })
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, XDG_RUNTIME_DIR: run }
  await eventually(
    () => {
      if (manager.exitCode !== null) throw new Error(`it ended with ${manager.exitCode}: ${said}`)
      return existsSync(`${run}/systemd/private`)
    },
    { timeoutMs: 20_000, what: 'a systemd for the test' },
  )
  return env
}

/** With those below it; a cgroup can be removed when no process is in it any more. */
async function removeGroup(path: string): Promise<boolean> {
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeGroup(`${path}/${entry.name}`)
  }
  if (existsSync(path)) await rmdir(path)
  return true
}
