/** The git working tree that a command was called in. */
import { MemoryError, messageOf } from '../errors/errors.js'
import { WorkingTree } from '../platform/git.js'

/** Throws MemoryError `failed`. */
export async function workingTree(): Promise<WorkingTree> {
  const folder = process.cwd()
  const tree = await WorkingTree.at(folder, process.env).catch((error: unknown) => {
    throw new MemoryError('failed', `git cannot be run: ${messageOf(error)}`, { cause: error })
  })
  if (tree !== null) return tree
  throw new MemoryError('failed', `${folder} is in no git working tree`, { suggestions: ['call it where the merge is to happen'] })
}
