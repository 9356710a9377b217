/** The program as it is copied: what a clone has after a build, or what npm unpacked. */
import fs from 'node:fs'
import { join } from 'node:path'

export interface TreeFile {
  /** Relative. */
  path: string
  mode: number
  bytes: Buffer
}

/** Of the package; `dist/types` is for compilers. */
const PARTS = ['bin', 'dist', 'hooks', 'oclif.manifest.json', 'package.json', 'LICENSE']
const LEFT_OUT = /^dist\/types\/|(^|\/)\.[^/]*$/

export function programFiles(packageRoot: string): TreeFile[] {
  return PARTS.flatMap((part) => filesAt(packageRoot, part)).filter(({ path }) => !LEFT_OUT.test(path))
}

/** Everything below a folder, in the order of names. */
export const readTree = (folder: string): TreeFile[] => below(folder, '')

function filesAt(root: string, path: string): TreeFile[] {
  const stat = fs.statSync(join(root, path), { throwIfNoEntry: false })
  if (stat === undefined) return []
  if (stat.isDirectory()) return below(root, path)
  return [{ path, mode: stat.mode, bytes: fs.readFileSync(join(root, path)) }]
}

function below(root: string, path: string): TreeFile[] {
  return fs
    .readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesAt(root, path === '' ? name : `${path}/${name}`))
}
