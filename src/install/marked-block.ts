/**
 * One marked block in somebody's dispatcher: it has every order that the script logs recorded. Put in and taken out as text,
 * byte for byte; what the script does, prints and returns stays as it is. Pure.
 */
import { blockLines, type Shell } from './dispatch-block.js'
import { type Definition, definitionsOf } from './shell-function.js'

export const BLOCK_BEGIN = '# >>> memory_sync >>>'
export const BLOCK_END = '# <<< memory_sync <<<'

export interface BlockRequest {
  /** Whose work the script hands out. */
  agent: 'mary' | 'rnd'
  /** Absolute path of the installed memory_sync_dispatch.zsh. */
  hook: string
  /** Of the script, for one without a `#!` line: `.zsh` and `.bash` tell the shell. */
  name: string
}

/** `reason`: why there is no place for the block in this script, for the person who has to be told. */
export type Placement = { ok: true; text: Buffer } | { ok: false; reason: string }

/** The bytes of the block, or why there is none: `damaged` has a beginning or an end alone, or more than one of them. */
export type Found = { is: 'none' } | { is: 'whole'; start: number; end: number } | { is: 'damaged' }

/** The script with the block in it; one that it has already is replaced. */
export function insertBlock(script: Buffer, request: BlockRequest): Placement {
  const bare = removeBlock(script)
  if (bare === null) return refused('it has a damaged memory_sync block: take out the lines between its marks, and try again')
  const text = bare.toString('latin1') // a character a byte: whatever encoding it has stays as it is
  const shell = shellOf(text, request.name)
  if (shell === null) return refused('it is no script of zsh or bash')
  const place = placeIn(text)
  if (!place.ok) return place
  const lines = [`${BLOCK_BEGIN} has memory_sync record what is dispatched here; "memory_sync rollback" takes these lines out`]
  const block = Buffer.from([...lines, ...blockLines(shell, request), BLOCK_END].join('\n'))
  const { at } = place
  // A script that ends without a newline does so afterwards: the one that parts it from the block stands before the block.
  const isOpenEnd = at === text.length && !text.endsWith('\n')
  const parts = isOpenEnd ? [bare, '\n', block] : [bare.subarray(0, at), block, '\n', bare.subarray(at)]
  return { ok: true, text: Buffer.concat(parts.map((part) => Buffer.from(part))) }
}

export function findBlock(script: Buffer): Found {
  const text = script.toString('latin1')
  const begins = [...text.matchAll(lineOf(BLOCK_BEGIN))]
  const ends = [...text.matchAll(lineOf(BLOCK_END))]
  if (begins.length === 0 && ends.length === 0) return { is: 'none' }
  const [begin, end] = [begins[0], ends[0]]
  if (begins.length !== 1 || ends.length !== 1 || begin === undefined || end === undefined || end.index < begin.index) {
    return { is: 'damaged' }
  }
  const stop = end.index + end[0].length
  const isOpenEnd = !end[0].endsWith('\n')
  return { is: 'whole', start: isOpenEnd ? Math.max(0, begin.index - 1) : begin.index, end: stop }
}

/** The script as it was before: equal bytes, wherever else it was changed since. null: the block is damaged. */
export function removeBlock(script: Buffer): Buffer | null {
  const found = findBlock(script)
  if (found.is === 'none') return script
  if (found.is === 'damaged') return null
  return Buffer.concat([script.subarray(0, found.start), script.subarray(found.end)])
}

/** Lines of a block without its marks: what of it is still there cannot be told from the rest. */
export const hasPieces = (script: Buffer): boolean => /^[ \t]*memory_sync_(?:hook|lines|slow)=|^[ \t]*memory_sync_(?:tell|last)\(\)/m.test(script.toString('latin1'))

const lineOf = (mark: string): RegExp => new RegExp(`^${mark}[^\\n]*(?:\\n|$)`, 'gm')

const refused = (reason: string): Placement & { ok: false } => ({ ok: false, reason })

function shellOf(text: string, name: string): Shell | null {
  const first = /^#!.*/.exec(text)?.[0] ?? name.replace(/^.*(?=\.)/, '')
  return /\bzsh\b/.test(first) ? 'zsh' : /\bbash\b/.test(first) ? 'bash' : null
}

/** Behind the definition of the function `log`. */
function placeIn(text: string): { ok: true; at: number } | (Placement & { ok: false }) {
  const definitions = definitionsOf('log', text)
  const last = definitions.at(-1)
  if (last === undefined) return refused('it defines no function "log", by which its orders could be heard of')
  if (definitions.length > 1 && definitions.some(({ indented }) => indented)) {
    return refused('it defines its function "log" in more than one place')
  }
  if (/\breadonly\s+-f\s+log\b/.test(text)) return refused('its function "log" is read-only')
  return behind(text, last)
}

/** What may stand behind a definition on its last line: redirections, a semicolon, a comment. */
const TAIL = /^[ \t;]*(?:\d*(?:>>|>&|>|<)[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[^\s"'|&;#]+)[ \t;]*)*(?:#[^\n]*)?(?:\n|$)/

function behind(text: string, { start, end }: Definition): { ok: true; at: number } | (Placement & { ok: false }) {
  if (end < 0) return refused('the end of its function "log" cannot be found')
  if (text.slice(start, end + 1).includes('\r')) return refused('its lines end with CR LF, which no shell runs as they are')
  const tail = TAIL.exec(text.slice(end))
  if (tail === null) return refused('something else follows its function "log" on the same line')
  return { ok: true, at: end + tail[0].length }
}
