/** Making a path absolute. */
import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'

/**
 * As resolve(), but `..` behind a link leads where the kernel takes shells and Python to, and not to where the link is. A name stays as
 * it was given wherever it leads to the same. Throws where the working directory, from which it begins, is gone.
 */
export function absolutePath(path: string): string {
  const names = path.split('/')
  if (!names.includes('..')) return resolve(path)
  return names.reduce((at, name) => (name === '..' ? parentOf(at) : join(at, name)), isAbsolute(path) ? '/' : process.cwd())
}

function parentOf(path: string): string {
  const named = dirname(path)
  try {
    const real = dirname(realpathSync(path))
    return real === realpathSync(named) ? named : real
  } catch {
    return named // not there, or not for us to see
  }
}
