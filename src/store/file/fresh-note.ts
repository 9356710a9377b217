/**
 * The file `fresh`: what a reader had looked at when context.json showed everything, and its text behind that. It is written in one go and
 * not synced. Where it is torn, or two have written it at once, its text is not that of context.json.
 */
import type { Files } from '../../platform/files.js'
import type { Freshness, FreshNote } from '../root.js'
import { hasTexts, isObject } from './line-shapes.js'

export class FreshNoteFile implements Freshness {
  constructor(
    private readonly path: string,
    private readonly files: Files,
  ) {}

  async read(): Promise<FreshNote | null> {
    try {
      const file = await this.files.read(this.path)
      if (file === null) return null
      const end = file.text.indexOf('\n') + 1
      const note: unknown = JSON.parse(file.text.slice(0, end))
      return isNote(note) ? { ...note, text: file.text.slice(end) } : null
    } catch {
      return null // torn, or nothing that this user may read: everything is looked at
    }
  }

  async write({ text, ...looked }: FreshNote): Promise<void> {
    // Who may only read, or finds no room, leaves it to the next one, to whom nothing is lost but time.
    await this.files.write(this.path, `${JSON.stringify(looked)}\n${text}`).catch(() => undefined)
  }
}

const isNote = (value: unknown): value is Omit<FreshNote, 'text'> =>
  isObject(value) && hasTexts(value, 'store') && isObject(value['tail']) && 'saved' in value
