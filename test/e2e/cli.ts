import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endAfterwards } from '../support/program.js'
import { makeTempFolder } from '../support/temp.js'

export const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
  ms: number
}

export interface RunOptions {
  /** Text for stdin; without it, stdin is empty and closed. `open`: a pipe that nobody ever writes to. */
  input?: string | 'open'
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Run as this user; the tests have to run as root for it. */
  uid?: number
  /** In place of the built program of this tree: a copy of it. */
  program?: string
}

/** A root of its own, files only, and the built program as a process on it. */
export class Cli {
  private constructor(
    readonly root: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** `env`: in place of MEMORY_SYNC_REDIS=off. */
  static async make(env: NodeJS.ProcessEnv = { MEMORY_SYNC_REDIS: 'off' }): Promise<Cli> {
    const home = await makeTempFolder('ms-e2e-')
    return new Cli(`${home}/root`, {
      ...{
        PATH: process.env['PATH'],
        HOME: home,
        USER: 'tester',
        MEMORY_SYNC_ROOT: `${home}/root`,
        TZ: 'Asia/Bangkok',
      },
      ...env,
    })
  }

  get contextFile(): string {
    return `${this.root}/shared_memory/context.json`
  }

  run(...args: string[]): Promise<Ran> {
    return this.runWith({}, ...args)
  }

  /** The same, and an exit other than 0 is thrown with what the command said. */
  async ok(...args: string[]): Promise<string> {
    const { code, signal, out, err } = await this.run(...args)
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code ?? signal}: ${err}${out}`)
    return out
  }

  runWith(options: RunOptions, ...args: string[]): Promise<Ran> {
    return this.spawn(process.execPath, [options.program ?? BIN, ...args], options)
  }

  /** A line of a shell; `$MS` in it is the program. */
  shell(line: string, options: RunOptions = {}): Promise<Ran> {
    return this.spawn('bash', ['-c', line], { ...options, env: { MS: BIN, ...options.env } })
  }

  start(args: string[], options: RunOptions = {}): ReturnType<typeof spawn> {
    const child = spawn(process.execPath, [BIN, ...args], { env: { ...this.env, ...options.env }, cwd: options.cwd ?? '/' })
    endAfterwards(child)
    return child
  }

  private spawn(command: string, args: string[], { input, env, cwd, uid }: RunOptions): Promise<Ran> {
    const began = performance.now()
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        env: { ...this.env, ...env },
        cwd: cwd ?? '/',
        ...(uid !== undefined && { uid, gid: uid }),
      })
      endAfterwards(child)
      let out = ''
      let err = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
      child.stdin.on('error', () => undefined) // it need not read it
      if (input !== 'open') child.stdin.end(input ?? '')
      child.once('error', reject)
      child.once('close', (code, signal) => {
        resolve({ code, signal, out, err, ms: performance.now() - began })
      })
    })
  }
}

/** The error that a command printed with --json. */
export function errorOf({ out }: Ran): {
  code: string
  message: string
  suggestions: string[]
  details: Record<string, unknown>
} {
  return (JSON.parse(out) as { error: ReturnType<typeof errorOf> }).error
}
