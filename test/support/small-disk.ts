/** A small file system of its own over a folder, that only programs started `via` it see: nothing else on the machine gets full. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { afterwards } from './cleanup.js'
import { eventually } from './eventually.js'

/** null: this machine lets us mount one in a namespace; else why not. */
export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux') return 'this is no Linux'
  if (process.getuid?.() !== 0) return 'a private mount needs root'
  try {
    execFileSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `no private mount is allowed here: ${String(error).slice(0, 200)}`
  }
}

export class SmallDisk {
  private constructor(
    private readonly pid: number,
    private readonly folder: string,
  ) {}

  /** Over an empty folder; it is gone with the test. */
  static async over(folder: string, kib: number): Promise<SmallDisk> {
    const script = 'mount -t tmpfs -o "size=$2k" none "$1" && echo ready && exec sleep 600'
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder, String(kib)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(holder, 'close')
    let said = ''
    holder.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
    afterwards(async () => {
      holder.kill('SIGKILL')
      await ended
    })
    await eventually(() => said.includes('ready'), { timeoutMs: 10_000, what: 'a mounted disk' })
    return new SmallDisk(holder.pid ?? 0, folder)
  }

  get via(): string[] {
    return ['nsenter', '--mount', '--target', String(this.pid)]
  }

  /** The folder as programs on the disk see it, for us, who are not. */
  get seen(): string {
    return `/proc/${this.pid}/root${this.folder}`
  }

  /** Until not one byte more has room. */
  fill(): void {
    const file = openSync(`${this.seen}/filler`, 'a')
    try {
      for (let size = 65_536; size >= 1; ) {
        try {
          if (writeSync(file, Buffer.alloc(size)) < size) size >>= 1
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
          size >>= 1
        }
      }
    } finally {
      closeSync(file)
    }
  }

  free(): void {
    rmSync(`${this.seen}/filler`)
  }

  /** As long as a program has a file open to write, the system refuses: a hub does now and then, for a moment. */
  async setReadOnly(isReadOnly: boolean): Promise<void> {
    const [nsenter = '', ...args] = this.via
    const remount = (): boolean => {
      execFileSync(nsenter, [...args, 'mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.folder], { stdio: 'pipe' })
      return true
    }
    await eventually(remount, { timeoutMs: 10_000, what: 'another mount' })
  }
}
