/**
 * A small process beside ours that ends a command when we cannot: because we were killed, stopped, or hang. It is a shell in a
 * session of its own, and hears from us through a pipe. It outlives us, and is ended by nobody but us: who lets a command run only as
 * long as it is guarded looks at `gone`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { identify, type ProcessIdentity } from './processes.js'

/** The name of the variable that marks whoever descends from a guarded command, in whatever group or session it is. */
export const MARK = 'MEMORY_SYNC_GUARD'

/**
 * A line each: `group PID`, whom to end; `next MARK`, what was to be ended is over, and the next command has this mark; `left SECONDS`, until nothing more is heard; `end`, there is nothing left to be ended.
 * The end of the pipe is the end of whoever should have said so. `killing` goes on until it finds nobody: one may be starting another.
 */
const SCRIPT = `
mark=$1 group= timer=
killing() {
  n=0
  while [ "$n" -lt 40 ]; do
    found=
    [ -z "$group" ] || ! kill -KILL -- "-$group" || found=1
    for file in $(grep -lsF -- "$mark" /proc/[0-9]*/environ); do
      pid=\${file#/proc/}
      ! kill -KILL "\${pid%/environ}" || found=1
    done
    [ -n "$found" ] || return
    n=$((n + 1))
    sleep 0.05
  done
}
while read -r word value; do
  case $word in
    group) group=$value ;;
    next)
      [ -z "$timer" ] || kill "$timer"
      mark=$value group= timer= ;;
    left)
      [ -z "$timer" ] || kill "$timer"
      (sleep "$value" & trap 'kill $!; exit' TERM; wait $! && killing) &
      timer=$! ;;
    end)
      [ -z "$timer" ] || kill "$timer"
      exit ;;
  esac
done
killing
[ -z "$timer" ] || kill "$timer"
`

export class GroupGuard {
  readonly identity: ProcessIdentity
  /** Resolves when it has ended, asked or not. */
  readonly gone: Promise<void>
  private readonly child: ChildProcess

  /** `mark`: unique, and in the environment of the command under the name MARK, alone or with others. */
  constructor(
    public mark: string,
    path: string | undefined,
  ) {
    this.child = spawn('/bin/sh', ['-c', SCRIPT, 'memory_sync-guard', mark], {
      detached: true, // Ctrl-C is not for it
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: path ?? '/usr/bin:/bin' },
      cwd: '/',
    })
    this.identity = identify(this.child.pid ?? 0)
    this.gone = new Promise((resolve) => {
      this.child.once('exit', () => {
        resolve()
      })
      this.child.once('error', () => {
        resolve()
      })
    })
    this.child.stdin!.on('error', () => undefined) // it is gone, and `gone` says so
  }

  /** What was guarded is over; what is left of it may go on. The next command has this mark. */
  next(mark: string): void {
    this.mark = mark
    this.say(`next ${mark}`)
  }

  guard(group: number): void {
    this.say(`group ${group}`)
  }

  /** Unless it is told again before, it ends the command after so long. */
  allow(ms: number): void {
    this.say(`left ${(Math.max(0, ms) / 1_000).toFixed(3)}`)
  }

  /** There is nothing left to be ended. */
  async dismiss(): Promise<void> {
    this.say('end')
    this.child.stdin!.end()
    await this.gone
  }

  private say(line: string): void {
    this.child.stdin!.write(`${line}\n`)
  }
}
