import os from 'node:os'
import path from 'node:path'
import {describe, expect, it} from 'vitest'
import {read, repositoryFiles, root} from './repository.js'

// In parts, so that this file does not find itself.
const REGISTRY = new RegExp(['registry', '\\.(npmjs|yarnpkg)\\.|', '//[\\w.-]*(registry|artifactory|verdaccio|nexus)[\\w.-]*[:/]'].join(''), 'i')

/** A folder as a whole path, not as the beginning of another name nor below `${somewhere}`; the top level would be found everywhere. */
function pathPattern(folder: string): RegExp | undefined {
  if (folder.split(path.sep).filter(Boolean).length === 0) return undefined
  return new RegExp(`(?<![\\w.~}-])${folder.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w.-])`)
}

// The home of root is everybody's, so that its name alone tells nothing; a path below it does. It is looked for whoever runs this,
// so that no other home finds less than root's.
const belowRootsHome = /(?<![\w.~}-])\/root\/[\w.]/
const home = os.homedir() === '/root' ? undefined : pathPattern(os.homedir())
const machinePaths = [pathPattern(root), home, belowRootsHome].filter((pattern) => pattern !== undefined)

describe('the repository', () => {
  const files = repositoryFiles()

  it('is looked at: the list of its files is not empty', () => {
    expect(files).toContain('package.json')
  })

  it('names no package registry', () => {
    expect(files.filter((file) => REGISTRY.test(read(file)))).toEqual([])
    expect(REGISTRY.test(`https://${'registry'}.npmjs.org/zod`)).toBe(true)
  })

  it('contains no path of the machine it was written on', () => {
    expect(files.filter((file) => machinePaths.some((pattern) => pattern.test(read(file))))).toEqual([])
    expect(pathPattern(root)?.test(`cd ${root}/src`)).toBe(true)
    expect(belowRootsHome.test(`cd /${'root'}/src`)).toBe(true)
  })
})
