/** A home of its own, in which the built program installs itself; everything it started is ended when the test ends. */
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterwards } from './cleanup.js'
import { type Ran } from './program.js'
import { makeTempFolder } from './temp.js'
import { fileURLToPath } from 'node:url'

export const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** What a person's folder can be called. */
export const AWKWARD = "it's a home"

export class Home {
  private constructor(
    readonly path: string,
    private env: NodeJS.ProcessEnv,
  ) {}

  static async make({ name = AWKWARD, redis = 'off' }: { name?: string; redis?: 'off' | 'any' } = {}): Promise<Home> {
    const path = `${await makeTempFolder('ms-in-')}/${name}`
    await mkdir(path, { recursive: true })
    const home = new Home(path, { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: path, TZ: 'Asia/Bangkok' })
    if (redis === 'off') await home.write('.config/memory_sync/config.json', '{"redis":{"enabled":false}}\n')
    afterwards(() => home.end())
    return home
  }

  /** Every command from now on has this as well. */
  use(env: NodeJS.ProcessEnv): void {
    this.env = { ...this.env, ...env }
  }

  get environment(): NodeJS.ProcessEnv {
    return this.env
  }

  get root(): string {
    return `${this.path}/02luka`
  }

  /** The built program of this tree. */
  run(...args: string[]): Promise<Ran> {
    return this.spawn(process.execPath, [BIN, ...args])
  }

  /** stdout; an exit other than 0 is thrown with what the command said. */
  async ok(...args: string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(...args)
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code ?? signal}: ${stderr}${stdout}`)
    return stdout
  }

  spawn(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { env: { ...this.env, ...env }, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
      let stdout = ''
      let stderr = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      child.once('error', reject)
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout, stderr })
      })
    })
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    const file = `${this.path}/${path}`
    await mkdir(file.slice(0, file.lastIndexOf('/')), { recursive: true })
    await writeFile(file, text, { mode })
  }

  read(path: string): Promise<string> {
    return readFile(`${this.path}/${path}`, 'utf8')
  }

  has(path: string): boolean {
    return existsSync(`${this.path}/${path}`)
  }

  /** Of the hub that answers; null: none does. */
  async hubPid(): Promise<number | null> {
    const { code, stdout } = await this.run('hub', 'status', '--json')
    return code === 0 ? (JSON.parse(stdout) as { pid: number }).pid : null
  }

  /** A test that failed in the middle must not leave a service behind. */
  private async end(): Promise<void> {
    if (this.has('.config/memory_sync/install.json')) await this.run('rollback')
    await this.run('hub', 'stop')
  }
}

/** Processes that were started for this home: by what they were called with. */
export function processesOf(home: Home): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return '' // it has ended
      }
    })
    .filter((line) => line.includes(home.path) && /run\.js|redis/.test(line))
}
