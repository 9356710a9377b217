/** What merging under a lease has to see to in a working tree: before the command, and after it. */
import { MemoryError, messageOf } from '../errors/errors.js'
import type { WorkingTree } from '../platform/git.js'
import type { RunEnd, RunRequest } from './lock-run.js'

/** Everybody who merges holds this one. */
export const MERGE_LEASE = 'merge'

const SHOWN_CHANGES = 5

/** Throws MemoryError `failed`: then nothing is begun. */
export async function refuseUnclean(tree: WorkingTree): Promise<void> {
  if (await tree.isMerging()) {
    throw new MemoryError('failed', `a merge is half done in ${tree.folder}: nothing was begun`, {
      suggestions: ['end it by hand: git merge --continue, or git merge --abort'],
    })
  }
  const changes = await tree.changes().catch((error: unknown) => {
    throw new MemoryError('failed', `git cannot tell whether ${tree.folder} is clean: ${messageOf(error)}`, { cause: error })
  })
  if (changes.length === 0) return
  throw new MemoryError('failed', `${tree.folder} has changes that are not committed: nothing was begun`, {
    suggestions: ['commit them, or put them away with git stash'],
    details: { changes: changes.slice(0, SHOWN_CHANGES), more: Math.max(0, changes.length - SHOWN_CHANGES) },
  })
}

export interface Merge {
  tree: WorkingTree
  /** That is to be merged. */
  branch?: string | undefined
  warn: (text: string) => void
}

/**
 * The tree is looked at again when the lease is there: others have merged meanwhile. The command finds HEAD in MEMORY_SYNC_HEAD, and
 * the branch, where one was named, in MEMORY_SYNC_BRANCH and MEMORY_SYNC_BRANCH_HEAD.
 */
export const mergingIn = ({ tree, branch, warn }: Merge): Required<Pick<RunRequest, 'prepare' | 'afterwards'>> => ({
  async prepare() {
    await refuseUnclean(tree)
    const head = await commitOf(tree, 'HEAD')
    if (branch === undefined) return { MEMORY_SYNC_HEAD: head }
    return { MEMORY_SYNC_HEAD: head, MEMORY_SYNC_BRANCH: branch, MEMORY_SYNC_BRANCH_HEAD: await commitOf(tree, branch) }
  },
  afterwards: (ended, isHeld) => putAway(tree, ended, isHeld, warn),
})

async function commitOf(tree: WorkingTree, name: string): Promise<string> {
  const commit = await tree.commitOf(name)
  if (commit !== null) return commit
  throw new MemoryError('failed', `${JSON.stringify(name)} is no commit in ${tree.folder}: nothing was begun`)
}

/** A merge that failed half-way is taken back while nobody else can be at one. */
async function putAway(tree: WorkingTree, ended: RunEnd, isHeld: boolean, warn: (text: string) => void): Promise<void> {
  if (!(await tree.isMerging())) return
  if (ended.code === 0 && ended.lost === undefined) return warn(`the command ended well and left a merge half done in ${tree.folder}`)
  if (!isHeld) return warn(`a merge is half done in ${tree.folder}, and was left: the lease is over, and it may be another one's`)
  const failure = await tree.abortMerge()
  if (failure === undefined) warn('the half-done merge was aborted')
  else warn(`a merge is half done in ${tree.folder}, and cannot be aborted: ${failure}`)
}
