/** The root. A context that is there is adopted by the hub, and never replaced by the installer. */
import fs from 'node:fs'
import { join } from 'node:path'
import type { Intent, Step } from './intent.js'
import type { Places } from './places.js'

const FOLDERS = ['shared_memory', 'logs', 'bridge/memory/inbox']

export function planRoot(places: Places): Step {
  const paths = [places.root, ...FOLDERS.map((name) => join(places.root, name))]
  const intents = paths.map((path): Intent => ({ do: 'folder', path, mode: 0o755 }))
  const context = join(places.root, 'shared_memory', 'context.json')
  const note = fs.existsSync(context) ? `${context} is adopted as it is` : `${context} is made by the hub`
  return { name: 'root', title: `Root ${places.root}`, intents, notes: [note] }
}
