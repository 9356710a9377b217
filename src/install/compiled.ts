/** What Python keeps of a module that was imported: `__pycache__/<name>.<tag>.pyc` beside it (PEP 3147). */
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Of this very text: another program's, or one of a text that was there before, stays. To be called while the module is there. */
export function removeCompiled(module: string): void {
  if (!module.endsWith('.py')) return
  const folder = join(dirname(module), '__pycache__')
  const stem = `${basename(module, '.py')}.`
  const source = fs.statSync(module, { throwIfNoEntry: false })
  if (source === undefined || fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return
  const compiled = fs.readdirSync(folder).filter((name) => name.startsWith(stem) && name.endsWith('.pyc'))
  for (const name of compiled) if (isMadeOf(source, fs.readFileSync(join(folder, name)))) fs.rmSync(join(folder, name))
  if (fs.readdirSync(folder).length === 0) fs.rmdirSync(folder)
}

/** PEP 552: the magic number, flags (0: it is told by time and size), mtime in s, and size of the source, 4 bytes each. */
function isMadeOf({ mtimeMs, size }: fs.Stats, header: Buffer): boolean {
  if (header.length < 16 || header.readUInt32LE(4) !== 0) return false
  return header.readUInt32LE(8) === Math.floor(mtimeMs / 1000) && header.readUInt32LE(12) === size
}
