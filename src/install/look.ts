/** What is installed, and what has become of it: for health. Looks, and changes nothing. */
import fs from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors/errors.js'
import type { InstalledFact, NodeState, PieceFact } from '../health/installed.js'
import { dispatchHook } from './dispatchers.js'
import { runChild } from '../platform/children.js'
import { look, lookAtTree, sameShape } from './disk.js'
import { type InstallerOptions, openManagerFor } from './installer.js'
import { isNodeFit } from '../service/node-path.js'
import { nodeInDefinition, nodeInScript } from '../service/written-node.js'
import { isInstalling } from './lock.js'
import { findBlock, insertBlock } from './marked-block.js'
import { onPath } from './on-path.js'
import { commandOf, type Places, redisFolder } from './places.js'
import { backupsOf, type InstallRecord, readRecord, type RecordEntry, type ServiceEntry } from './record.js'

/** null: nothing is installed for this root. Never throws. */
export async function lookAtInstalled(options: InstallerOptions): Promise<InstalledFact | null> {
  const { places } = options
  try {
    const record = readRecord(places.config)
    return record === null || record.root !== places.root ? null : await lookBy(record, options)
  } catch (error) {
    const nothing = { program: [], hooks: [], command: null, aliases: [], nodes: [], dispatchers: [], lastOrder: null, secrets: secretsIn(places), service: null }
    return { state: 'unreadable', reason: messageOf(error), version: '', ...nothing }
  }
}

async function lookBy(record: InstallRecord, options: InstallerOptions): Promise<InstalledFact> {
  const { places } = options
  const dropIns = record.entries.filter(({ step }) => step === 'drop-ins')
  const dispatchers = record.entries.filter(({ part }) => part === 'block').map(({ path }) => ({ path, block: blockIn(path, dispatchHook(places)) }))
  return {
    state: record.finishedAt !== null ? 'finished' : isInstalling(places.config) ? 'under-way' : 'unfinished',
    version: record.version,
    program: record.entries.filter(({ step }) => step === 'program').flatMap(pieceOf),
    hooks: dropIns.filter(({ after }) => after.is === 'file').flatMap(pieceOf),
    command: dropIns.some(({ path }) => path === commandOf(places)) ? { path: commandOf(places), ...onPath(places, options.env['PATH']) } : null,
    aliases: dropIns.flatMap((entry) => (entry.after.is === 'link' ? pieceOf(entry).map((piece) => ({ ...piece, target: piece.path })) : [])),
    nodes: await nodesIn([...dropIns, ...record.entries.filter(({ step }) => step === 'service')]),
    dispatchers,
    lastOrder: dispatchers.length === 0 ? null : lastOrder(places.root, record),
    secrets: secretsIn(places),
    service: record.service === null ? null : await serviceOf(options, record.service, record.entries),
  }
}

/** A folder is its owner's. */
function pieceOf({ path, after }: RecordEntry): PieceFact[] {
  if (after.is === 'folder') return []
  const now = after.is === 'tree' ? lookAtTree(path) : look(path)
  if (sameShape(now, after)) return [{ path, is: 'ours' }]
  if (now.is === 'absent') return [{ path, is: 'gone' }]
  if (now.is !== 'file' || after.is !== 'file' || now.sha256 !== after.sha256) return [{ path, is: 'changed' }]
  return [{ path, is: (after.mode & 0o111) !== 0 && (now.mode & 0o100) === 0 ? 'not-executable' : 'ours' }]
}

/** Links lead to files that are looked at themselves. */
async function nodesIn(entries: readonly RecordEntry[]): Promise<InstalledFact['nodes']> {
  const written = entries.flatMap(({ path, after }) => {
    const text = after.is === 'file' ? readOrNull(path)?.toString() : undefined
    const node = text === undefined ? null : (nodeInScript(text) ?? nodeInDefinition(text))
    return node === null ? [] : [{ path, node }]
  })
  const states = new Map<string, NodeState>()
  for (const node of new Set(written.map((of) => of.node))) states.set(node, await stateOfNode(node))
  return written.map(({ path, node }) => ({ path, node, is: states.get(node)! }))
}

/** Much longer than it takes on a busy machine. */
const VERSION_MS = 10_000

async function stateOfNode(node: string): Promise<NodeState> {
  if (!isProgram(node)) return 'gone'
  if (fs.realpathSync(node) === fs.realpathSync(process.execPath)) return 'fit'
  try {
    return isNodeFit((await runChild(node, ['--version'], {}, { timeoutMs: VERSION_MS })).stdout) ? 'fit' : 'unfit'
  } catch {
    return 'unfit' // it cannot be run
  }
}

function isProgram(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK)
    return true
  } catch {
    return false
  }
}

function blockIn(path: string, hook: string): InstalledFact['dispatchers'][number]['block'] {
  const script = readOrNull(path)
  if (script === null) return 'none'
  const found = findBlock(script)
  if (found.is !== 'whole') return found.is
  const isThis = (['mary', 'rnd'] as const).some((agent) => {
    const placed = insertBlock(script, { agent, hook, name: path })
    return placed.ok && placed.text.equals(script)
  })
  return isThis ? 'in-place' : 'old'
}

/** `ID -> DEST` behind a time, in brackets or as in RFC 3339. */
const ORDER = /^(?:\[[^\]]*\]|\d{4}-\d\d-\d\d(?:T\S*| \d\d:\d\d\S*)?)\s+(\S+) -> \S/gm
const TAIL_BYTES = 64 * 1024

/** Its id, in the log of a dispatcher. */
export const lastOrderIn = (log: string): string | undefined => [...log.matchAll(ORDER)].at(-1)?.[1]

/** By the log of Mary's dispatcher, if it was written since. */
function lastOrder(root: string, { startedAt }: InstallRecord): InstalledFact['lastOrder'] {
  const path = join(root, 'logs', 'mary_dispatcher.log')
  const stat = fs.statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true || stat.mtimeMs < Date.parse(startedAt)) return null
  const tail = readOrNull(path)?.subarray(-TAIL_BYTES).toString() ?? ''
  const id = lastOrderIn(tail)
  return id === undefined ? null : { id, isRecorded: recordedIds(root).includes(id) }
}

function recordedIds(root: string): unknown[] {
  try {
    const context = JSON.parse(readOrNull(join(root, 'shared_memory', 'context.json'))?.toString() ?? '{}') as Context
    return (context.agents?.mary?.context?.records ?? []).map(({ task }) => task)
  } catch {
    return [] // another check says what is wrong with it
  }
}

interface Context {
  agents?: { mary?: { context?: { records?: { task?: unknown }[] } } }
}

const secretsIn = (places: Places): string[] => [...filesIn(places.config), ...filesIn(backupsOf(places.config)), join(redisFolder(places), 'redis.conf')]

function filesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(folder, entry.name)] : []))
  } catch {
    return [] // there is none
  }
}

async function serviceOf(options: InstallerOptions, { label, kind }: ServiceEntry, entries: readonly RecordEntry[]): Promise<InstalledFact['service']> {
  const definition = entries.filter(({ step }) => step === 'service').flatMap(pieceOf)
  try {
    const manager = await openManagerFor(options, kind)
    return { label, manager: manager.kind, definition, state: await manager.state(label) }
  } catch (error) {
    return { label, manager: kind, definition, state: { is: 'unknown', reason: messageOf(error) } }
  }
}

function readOrNull(path: string): Buffer | null {
  try {
    return fs.readFileSync(path)
  } catch {
    return null // it is gone
  }
}
