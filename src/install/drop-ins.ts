/** What stands in the legacy places of the root: scripts and the Python module that other programs call. */
import fs from 'node:fs'
import { join } from 'node:path'
import type { Intent, Step } from './intent.js'
import { look } from './disk.js'
import { onPath, type OnPath } from './on-path.js'
import { commandOf, type Places, programOf } from './places.js'

export interface DropInOptions {
  places: Places
  packageRoot: string
  /** Of Node. */
  nodePath: string
  /** Of the user's shell. */
  path: string | undefined
}

/** Names that others gave to the hooks, made where nothing has them. */
const ALIASES: Readonly<Record<string, string>> = { 'mary.zsh': 'mary_memory_hook.zsh', 'rnd.zsh': 'rnd_memory_hook.zsh' }
const PYTHON = 'memory_hub.py'
const CLIENT = 'memory_sync.sh'

export function planDropIns(options: DropInOptions): Step {
  const { places, packageRoot, path } = options
  const tools = toolsOf(places)
  const names = fs.readdirSync(join(packageRoot, 'hooks')).sort()
  const scripts = names.filter((name) => /\.(?:sh|zsh)$/.test(name))
  const intents: Intent[] = scripts.map((name) => fileFrom(options, name, join(tools, name)))
  if (names.includes(PYTHON)) intents.push(fileFrom(options, PYTHON, pythonModule(places)))
  for (const [alias, target] of Object.entries(ALIASES)) {
    const link = join(tools, alias)
    if (scripts.includes(target) && isFree(link, target)) intents.push({ do: 'link', path: link, target })
  }
  if (scripts.includes(CLIENT)) intents.push(fileFrom(options, CLIENT, commandOf(places)))
  return { name: 'drop-ins', title: `Hooks and scripts in ${tools}`, intents, notes: notesOn(places, onPath(places, path)) }
}

function notesOn(places: Places, { isOnPath, before }: OnPath): string[] {
  if (!isOnPath) return [`${places.bin} is not on your PATH: add it, to call memory_sync by its name`]
  return before === null ? [] : [`${before} comes before ${commandOf(places)} on your PATH: it is what "memory_sync" calls`]
}

export const toolsOf = (places: Places): string => join(places.root, 'tools')
const pythonModule = (places: Places): string => join(places.root, 'agents', 'memory_hub', PYTHON)

const isFree = (path: string, target: string): boolean => {
  const now = look(path)
  return now.is === 'absent' || (now.is === 'link' && now.target === target)
}

function fileFrom({ places, packageRoot, nodePath }: DropInOptions, name: string, path: string): Intent {
  const source = join(packageRoot, 'hooks', name)
  const values = {
    memory_sync_node: nodePath,
    memory_sync_program: programOf(places),
    // The usual root stays whoever's home it is; another one has to be named.
    ...(places.root !== join(places.home, '02luka') && { memory_sync_root: places.root }),
  }
  const mode = (fs.statSync(source).mode & 0o111) === 0 ? 0o644 : 0o755
  return { do: 'file', path, text: filledIn(fs.readFileSync(source, 'utf8'), values), mode, part: 'whole' }
}

/** Lines `name=''` (in Python `name = ''`) get the value: quoted for the shell, or as a Python string. */
export function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/^(memory_sync_[a-z]+)( = |=)''$/gm, (line, name: string, sign: string) => {
    const value = values[name]
    if (value === undefined) return line
    return `${name}${sign}${sign === '=' ? `'${value.replaceAll("'", `'\\''`)}'` : JSON.stringify(value)}`
  })
}
