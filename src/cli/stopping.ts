/** Ctrl-Z, and going on afterwards, for a command that runs in a session of its own. */
import type { CommandGroup } from '../platform/command-group.js'

/** Stops what runs with this process, and lets it go on with it. Returns what ends that. */
export function stopTogether(running: () => CommandGroup | null, continued: () => void = () => undefined): () => void {
  /** In a session of its own SIGTSTP stops nobody (setpgid(2), orphaned groups). */
  const stop = (): void => {
    running()?.signal('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  }
  const goOn = (): void => {
    running()?.signal('SIGCONT')
    continued()
  }
  process.on('SIGTSTP', stop)
  process.on('SIGCONT', goOn)
  return () => {
    process.off('SIGTSTP', stop)
    process.off('SIGCONT', goOn)
  }
}
