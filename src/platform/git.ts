/** A working tree of git, by the program git. */
import { runChild } from './children.js'

const TIMEOUT_MS = 60_000

export class WorkingTree {
  private constructor(
    /** Its topmost folder. */
    readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** null: that folder is in no working tree. Throws where git cannot be run. */
  static async at(folder: string, env: NodeJS.ProcessEnv): Promise<WorkingTree | null> {
    const found = await runChild('git', ['-C', folder, 'rev-parse', '--show-toplevel'], env, { timeoutMs: TIMEOUT_MS })
    return found.code === 0 ? new WorkingTree(found.stdout.replace(/\n$/, ''), env) : null
  }

  /** The id of the commit that a name stands for; null: there is none. */
  async commitOf(name: string): Promise<string | null> {
    const { code, stdout } = await this.git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)
    return code === 0 ? stdout.trim() : null
  }

  /** Files that git knows and that differ from HEAD, as `git status --porcelain` names them. Throws with what git said. */
  async changes(): Promise<string[]> {
    const { code, stdout, stderr } = await this.git('--no-optional-locks', 'status', '--porcelain', '--untracked-files=no')
    if (code !== 0) throw new Error(stderr.trim())
    return stdout.split('\n').filter((line) => line !== '')
  }

  /** A merge was begun and neither committed nor aborted. */
  async isMerging(): Promise<boolean> {
    return (await this.commitOf('MERGE_HEAD')) !== null
  }

  /** What git said where it could not; undefined: done. */
  async abortMerge(): Promise<string | undefined> {
    const { code, stderr } = await this.git('merge', '--abort')
    return code === 0 ? undefined : stderr.trim()
  }

  private git(...args: string[]): ReturnType<typeof runChild> {
    return runChild('git', ['-C', this.folder, ...args], this.env, { timeoutMs: TIMEOUT_MS })
  }
}
