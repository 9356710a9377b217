/** JSON taken apart character by character: what `JSON.parse` would lose of it is kept, and where it stops to be JSON is found. */
import { visit } from 'jsonc-parser'
import type { Tree, TreeMap } from './json.js'

/** Deeper than any person or program writes; a guard for what goes through a tree recursively. */
export const MAX_DEPTH = 500

/** Of what we have written ourselves: around a value of the greatest depth there are a record, its agents and a document. */
export const OWN_DEPTH = MAX_DEPTH + 20

export class InvalidJson extends Error {
  override readonly name = 'InvalidJson'
}

export class TooDeep extends InvalidJson {
  constructor(levels: number) {
    super(`nested deeper than ${levels} levels`)
  }
}

interface Frame {
  map: TreeMap | null // null: an array, collected as text
  key: string
  text: string[]
}

/** The tree of a text that is JSON, whatever it has in it: an object or a list. */
export function scanned(text: string, levels: number): Tree {
  const frames: Frame[] = []
  let result: Tree | undefined
  let arrays = 0 // inside an array, everything is kept as text

  const emit = (value: Tree): void => {
    const top = frames.at(-1)
    if (top === undefined) result = value
    else if (top.map === null) top.text.push(value as string)
    else top.map.set(top.key, value)
  }
  const open = (map: TreeMap | null): void => {
    if (frames.length >= levels) throw new TooDeep(levels) // in what a key that stands twice has replaced
    frames.push({ map, key: '', text: [] })
  }
  const arrayText = (): string[] => frames.at(-1)!.text

  visit(
    text,
    {
      onObjectBegin() {
        if (arrays > 0) {
          open(null)
          arrays++
          arrayText().push('{')
        } else open(new Map())
      },
      onObjectProperty(name) {
        if (arrays > 0) {
          arrayText().push(JSON.stringify(name))
          return
        }
        const top = frames.at(-1)!
        if (top.map!.has(name)) throw new InvalidJson(`the key ${JSON.stringify(name)} stands twice in one object`)
        top.key = name
      },
      onObjectEnd: close('}'),
      onArrayBegin() {
        open(null)
        arrays++
        arrayText().push('[')
      },
      onArrayEnd: close(']'),
      onLiteralValue(value: unknown, offset, length) {
        emit(typeof value === 'string' ? JSON.stringify(value) : text.slice(offset, offset + length))
      },
      onSeparator(character) {
        if (arrays > 0) arrayText().push(character)
      },
    },
    { disallowComments: true },
  )
  return result!

  function close(bracket: string): () => void {
    return () => {
      const frame = frames.pop()!
      if (frame.map !== null) emit(frame.map)
      else {
        arrays--
        emit(frame.text.join('') + bracket)
      }
    }
  }
}

/** Where text that is no JSON stops to be it, both from 1 on; null where that cannot be told. For texts that must not be shown. */
export function placeOfFault(text: string): { line: number; column: number } | null {
  let place: { line: number; column: number } | null = null
  const onError = (_code: number, _offset: number, _length: number, line: number, character: number): void => {
    place ??= { line: line + 1, column: character + 1 }
  }
  visit(text, { onError }, { disallowComments: true })
  return place
}
