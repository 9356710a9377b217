/** A launchd of the test's own (launchd.mjs): ended, with what it started, when the test ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterwards } from '../cleanup.js'
import { makeTempFolder } from '../temp.js'

const folder = fileURLToPath(new URL('.', import.meta.url))

export interface LaunchdOptions {
  home: string
  /** False: nobody is logged in at the screen. */
  screen?: boolean
}

/** The environment in which `launchctl` is the double's. */
export async function startLaunchd({ home, screen = true }: LaunchdOptions): Promise<NodeJS.ProcessEnv> {
  const own = await makeTempFolder('ms-ld-')
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    HOME: home,
    LAUNCHD_DOUBLE_SOCKET: `${own}/s`,
    LAUNCHD_DOUBLE_NODE: process.execPath,
    LAUNCHD_DOUBLE_UID: String(process.getuid?.() ?? 0),
    LAUNCHD_DOUBLE_SCREEN: screen ? 'yes' : 'no',
  }
  const daemon = spawn(process.execPath, [`${folder}launchd.mjs`], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => daemon.kill('SIGTERM'))
  afterwards(async () => {
    if (daemon.exitCode !== null) return
    const ended = once(daemon, 'exit')
    daemon.kill('SIGTERM')
    await ended
  })
  await once(daemon.stdout, 'data')
  return env
}
