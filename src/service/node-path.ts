/** The path of Node that a service is given: one that is still there, and still Node, after an upgrade. */
import { realpathSync } from 'node:fs'

/**
 * Homebrew removes the folder of a version (`Cellar/node@22/22.1.0/bin/node`) and keeps `opt/node@22/bin/node`. Of nvm there is
 * no path that stays: bin/launch.sh looks for another Node when the one it was given is gone.
 */
export function lastingNodePath(execPath: string, exists: (path: string) => boolean = (path) => isSame(path, execPath)): string {
  const brewed = /^(.*)\/Cellar\/([^/]+)\/[^/]+\/bin\/node$/.exec(execPath)
  const candidates = brewed === null ? [] : [`${brewed[1] ?? ''}/opt/${brewed[2] ?? ''}/bin/node`, `${brewed[1] ?? ''}/bin/node`]
  return candidates.find(exists) ?? execPath
}

function isSame(path: string, execPath: string): boolean {
  try {
    return realpathSync(path) === realpathSync(execPath)
  } catch {
    return false // it is not there
  }
}

const NEEDED = [20, 19] as const

/** `version`: as `node --version` prints it. bin/launch.sh asks the same of those that it finds. */
export function isNodeFit(version: string): boolean {
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? []
  return Number(major) > NEEDED[0] || (Number(major) === NEEDED[0] && Number(minor) >= NEEDED[1])
}
