/** The root. A context that is there is adopted by the hub, and never replaced by the installer. */
import fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isJson } from '../domain/json.js'
import { messageOf } from '../errors/errors.js'
import { readText } from '../platform/read-text.js'
import type { Intent, Step } from './intent.js'
import type { Places } from './places.js'

const FOLDERS = ['shared_memory', 'logs', 'bridge/memory/inbox']

export function planRoot(places: Places): Step {
  const paths = [places.root, ...FOLDERS.map((name) => join(places.root, name))]
  const intents = paths.map((path): Intent => ({ do: 'folder', path, mode: 0o755 }))
  const context = join(places.root, 'shared_memory', 'context.json')
  return { name: 'root', title: `Root ${places.root}`, intents, notes: [`${context} ${fateOf(context)}`] }
}

/** What the hub will do with it. */
function fateOf(context: string): string {
  const stat = fs.lstatSync(context, { throwIfNoEntry: false })
  if (stat === undefined) return 'is made by the hub'
  const why = whyUnreadable(context)
  if (why === null) return 'is adopted as it is'
  if (stat.isSymbolicLink() && !fs.existsSync(context)) {
    if (canBeMade(context)) return 'is a link to a file that is not there yet: the hub makes it'
    return `is a link that leads nowhere (${why}): make what it names, or move it away`
  }
  return `cannot be read (${why}): the hub sets it aside, and makes another`
}

function whyUnreadable(context: string): string | null {
  try {
    const text = readText(context).replace(/^\uFEFF/, '')
    if (!isJson(text)) return 'it is not JSON'
    return text.trimStart().startsWith('{') ? null : 'it is JSON, but no object'
  } catch (error) {
    return messageOf(error)
  }
}

/** What a link names that leads nowhere: a write makes the file, and no folder. */
function canBeMade(link: string): boolean {
  try {
    const target = resolve(fs.realpathSync(dirname(link)), fs.readlinkSync(link))
    return fs.statSync(dirname(target)).isDirectory() && !fs.lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()
  } catch {
    return false
  }
}
