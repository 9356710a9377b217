/** Scripts of others that hand out work: one marked block in each has their orders recorded. */
import fs from 'node:fs'
import { basename, join } from 'node:path'
import { MemoryError } from '../errors/errors.js'
import { toolsOf } from './drop-ins.js'
import type { Intent, Step } from './intent.js'
import { type BlockRequest, insertBlock } from './marked-block.js'
import type { Places } from './places.js'

export interface DispatcherOptions {
  places: Places
  /** Named by the user; else the usual places. */
  maryScript: string | undefined
  rndScript: string | undefined
}

const USUAL: Readonly<Record<BlockRequest['agent'], readonly string[]>> = {
  mary: ['tools/watchers/mary_dispatcher.zsh', 'tools/mary_dispatcher.zsh'],
  rnd: ['tools/rnd_consumer.zsh'],
}

/** Throws MemoryError `usage` for a script that was named and is not there, or has no place for the block. */
export function planDispatchers({ places, maryScript, rndScript }: DispatcherOptions): Step {
  const intents: Intent[] = []
  const notes: string[] = []
  for (const [agent, named] of [['mary', maryScript], ['rnd', rndScript]] as const) {
    const script = scriptOf(agent, named, places.root)
    if (script === null) {
      notes.push(`no ${agent === 'mary' ? 'dispatcher of Mary' : 'consumer of R&D'} was found (${USUAL[agent].join(', ')}): name it with --${agent}-script`)
      continue
    }
    const placed = withBlock(agent, script, places)
    if (typeof placed !== 'string') intents.push(placed)
    else if (named !== undefined) throw new MemoryError('usage', placed)
    else notes.push(`NOT RECORDED: ${placed}`)
  }
  return { name: 'dispatchers', title: 'Dispatchers', intents, notes }
}

function scriptOf(agent: BlockRequest['agent'], named: string | undefined, root: string): string | null {
  if (named !== undefined && !isFile(named)) throw new MemoryError('usage', `--${agent}-script: there is no file ${named}`)
  const found = named ?? USUAL[agent].map((path) => join(root, path)).find(isFile)
  return found === undefined ? null : fs.realpathSync(found) // through a link the link would be replaced, not the script
}

/** Why not, when there is no place for the block. */
function withBlock(agent: BlockRequest['agent'], path: string, places: Places): Intent | string {
  const placement = insertBlock(fs.readFileSync(path), { agent, hook: dispatchHook(places), name: basename(path) })
  if (!placement.ok) return `the orders of ${path}: ${placement.reason}`
  return { do: 'file', path, text: placement.text, mode: fs.statSync(path).mode & 0o7777, part: 'block' }
}

export const dispatchHook = (places: Places): string => join(toolsOf(places), 'memory_sync_dispatch.zsh')

const isFile = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true
