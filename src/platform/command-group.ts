/** A command with everything that it starts: a session of its own, signalled and ended as a whole. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'

export interface Ended {
  /** As a shell reports it: 128 + n after a signal. */
  code: number
  signal: NodeJS.Signals | null
}

export interface GroupOptions {
  env: NodeJS.ProcessEnv
  /** Stands in `env`, and in no other process's: what has left the group is known by it. */
  mark?: string
  /** The whole of its stdin. */
  input?: string
}

/** It could not be started; the codes are those of shells. */
export class NotStarted extends Error {
  constructor(
    message: string,
    /** 127: there is none; 126: it cannot be run. */
    readonly code: 126 | 127,
  ) {
    super(message)
  }
}

const LOOK_MS = 20
/** What SIGKILL did not end by then hangs in the kernel. */
const KILL_MS = 2_000

export class CommandGroup {
  /** Of the command itself; what it started may go on. */
  readonly ended: Promise<Ended>

  private constructor(
    child: ChildProcess,
    readonly pid: number,
    private readonly mark: string | undefined,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code: code ?? 128 + constants.signals[signal!], signal })
      })
    })
  }

  /** With our stdout and stderr, and our stdin where there is no `input`. Throws NotStarted. */
  static start(file: string, args: readonly string[], { env, mark, input }: GroupOptions): Promise<CommandGroup> {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { env, stdio: [input === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit'], detached: true })
      child.stdin?.on('error', () => undefined) // it need not read it
      child.stdin?.end(input)
      child.once('error', (error: NodeJS.ErrnoException) => {
        reject(new NotStarted(error.message, error.code === 'ENOENT' ? 127 : 126))
      })
      if (child.pid === undefined) return
      const group = new CommandGroup(child, child.pid, mark)
      child.once('spawn', () => {
        resolve(group)
      })
    })
  }

  /** To all of the group; who has left it is not reached. */
  signal(name: NodeJS.Signals): void {
    send(-this.pid, name)
  }

  /** What is left of the group when the command has ended: asked to end, and after `graceMs` made to. Resolves when it is gone. */
  async sweep(graceMs: number): Promise<void> {
    if (!this.hasMembers()) return
    this.signal('SIGTERM')
    this.signal('SIGCONT') // one that is stopped would never hear it
    if (await goneWithin(graceMs, () => this.hasMembers())) return
    this.signal('SIGKILL')
    await goneWithin(KILL_MS, () => this.hasMembers())
  }

  /** SIGKILL to everything that descends from the command, in other sessions too where the system tells (Linux). Resolves when it is gone. */
  async kill(): Promise<void> {
    await goneWithin(KILL_MS, () => {
      this.signal('SIGKILL')
      const marked = this.marked()
      for (const pid of marked) send(pid, 'SIGKILL')
      return marked.length > 0 || this.hasMembers()
    })
  }

  private marked(): number[] {
    const { mark } = this
    return mark === undefined ? [] : processIds().filter((pid) => readOr(`/proc/${pid}/environ`).includes(mark))
  }

  private hasMembers(): boolean {
    if (!send(-this.pid, 0)) return false
    const others = processIds()
    // Signal 0 reaches zombies as well, which nobody may ever take away where process 1 does not.
    return others.length === 0 || others.some((pid) => isMember(pid, this.pid))
  }
}

/** False: there is nobody. */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // macOS says so of a group of zombies, and it is somebody else's
  }
}

async function goneWithin(ms: number, isThere: () => boolean): Promise<boolean> {
  const until = performance.now() + ms
  while (isThere()) {
    if (performance.now() >= until) return false
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return true
}

/** Fields 3 and 5 of /proc/<pid>/stat (proc(5)): state and process group. */
function isMember(pid: number, group: number): boolean {
  const stat = readOr(`/proc/${pid}/stat`)
  const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(pgrp) === group && state !== 'Z' && state !== 'X'
}

/** Empty where there is no /proc. */
function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
  } catch {
    return []
  }
}

/** Empty for a process that is gone, or somebody else's. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
