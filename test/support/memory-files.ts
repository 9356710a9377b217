import type { RootFiles } from '../../src/usecases/surroundings.js'

/** Files in a Map, by path. */
export function memoryFiles(): { files: Map<string, string>; api: RootFiles['files'] } {
  const files = new Map<string, string>()
  const api: RootFiles['files'] = {
    async read(path) {
      const text = files.get(path)
      return text === undefined ? null : { text, valid: true, identity: { ino: 1, size: text.length, mtimeMs: 0, uid: 0, mode: 0o644 } }
    },
    async append(path, text) {
      const all = (files.get(path) ?? '') + text
      files.set(path, all)
      return { ino: 1, end: all.length }
    },
    async write(path, text) {
      files.set(path, text)
    },
    async rename(from, to) {
      const text = files.get(from)
      if (text === undefined) return false
      files.delete(from)
      files.set(to, text)
      return true
    },
    async remove(path) {
      files.delete(path)
    },
    async makeDirectory() {},
  }
  return { files, api }
}
