/** What lies in a root: every line can be read, and nothing temporary stays but of those that were killed. */
import { basename } from 'node:path'
import type { Change } from '../../src/domain/operation.js'
import { parseState } from '../../src/store/file/state-format.js'
import type { Host } from './world.js'

export function checkFiles(host: Host): string[] {
  const { disk, i } = host
  return [...disk.names].flatMap(([path, { text, maker }]) => {
    const name = basename(path)
    if (isTemporary(name)) return maker?.alive === false ? [] : [`LEFT BEHIND: ${path}`]
    if (name === 'state.json') return attempt(() => parseState(text), `UNREADABLE state of host ${i}`)
    return /^(journal|history|version\.\d+\.log)/.test(name) ? unreadableLines(path, text) : []
  })
}

/** What a keeper is about to put in its place, or will look at once more. */
export const isUnderWay = ({ disk }: Host): boolean =>
  [...disk.names].some(([path, { maker }]) => path.includes('/replaced.') || (isTemporary(basename(path)) && maker?.alive !== false))

/** What the keeper has replaced is looked at once more, and forgotten, a second later. */
const isTemporary = (name: string): boolean => /tmp|^root-id\.|^replaced\./.test(name)

const unreadableLines = (path: string, text: string): string[] =>
  text.split('\n').flatMap((line) => (line === '' || line === '#' ? [] : attempt(() => JSON.parse(line) as unknown, `UNREADABLE line in ${path}: ${line}`)))

function attempt(parse: () => unknown, complaint: string): string[] {
  try {
    parse()
    return []
  } catch {
    return [complaint]
  }
}

/** The changes that a root without Redis numbered itself, oldest first. */
export function historyOf(host: Host): Change[] {
  const lines = [...host.disk.names].flatMap(([path, { text }]) => (/\/history(\.1)?$/.test(path) ? text.split('\n') : []))
  const byRev = new Map(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Change).map((change) => [change.rev, change]))
  return [...byRev.values()].sort((a, b) => a.rev - b.rev)
}
