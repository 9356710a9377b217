/** `get`: the context, or the value at a path in it. */
import type { Memory, Snapshot } from '../core/memory.js'
import { itemsOf } from '../domain/entry.js'
import { parseTree, type Tree, type TreeMap } from '../domain/json.js'
import { parsePointer } from '../domain/pointer.js'
import { MemoryError } from '../errors/errors.js'

export interface GetRequest {
  /** A JSON Pointer when it starts with `/`, else names and indexes with dots between them; without it, everything. */
  path?: string
  /** The path starts at this agent's record. */
  agent?: string
}

export interface Found {
  snapshot: Snapshot
  value: Tree
}

/** Throws MemoryError `absent` where there is no context, no such agent, or nothing at the path. */
export async function getValue(memory: Memory, request: GetRequest): Promise<Found> {
  const steps = request.path === undefined ? [] : stepsOf(request.path)
  const snapshot = await memory.read()
  if (snapshot === null) throw await noContext(memory)
  const start = request.agent === undefined ? snapshot.context : recordOf(snapshot.context, request.agent)
  const value = descend(start, steps)
  if (value === undefined) throw nothingAt(request)
  return { snapshot, value }
}

/** The whole context as context.json has it. Throws MemoryError `absent` where there is none. */
export async function getText(memory: Memory): Promise<string> {
  const text = await memory.readText()
  if (text === null) throw await noContext(memory)
  return text
}

/** The steps of a path. Throws MemoryError `usage` for a pointer that RFC 6901 does not allow. */
export function stepsOf(path: string): string[] {
  if (path.startsWith('/')) {
    if (/~(?![01])/.test(path)) {
      throw new MemoryError(
        'usage',
        `${JSON.stringify(path)} is no JSON Pointer: "~" has to be written "~0", and "/" in a name "~1"`,
      )
    }
    return parsePointer(path)
  }
  const dotted = path.startsWith('.') ? path.slice(1) : path // as jq writes it
  return dotted === '' ? [] : dotted.split('.')
}

/** The value below `tree`; a step into an array is an index. */
function descend(tree: Tree, steps: readonly string[]): Tree | undefined {
  let value: Tree | undefined = tree
  for (const step of steps) {
    if (value === undefined) return undefined
    value = typeof value === 'string' ? itemAt(value, step) : value.get(step)
  }
  return value
}

function itemAt(leaf: string, step: string): Tree | undefined {
  if (!leaf.startsWith('[') || !/^(?:0|[1-9]\d*)$/.test(step)) return undefined
  const item = itemsOf(leaf)[Number(step)]
  return item === undefined ? undefined : parseTree(item)
}

function recordOf(context: TreeMap, agent: string): Tree {
  const agents = context.get('agents')
  const record = typeof agents === 'object' ? agents.get(agent) : undefined
  if (record !== undefined) return record
  throw new MemoryError('absent', `there is no agent ${JSON.stringify(agent)}`, {
    suggestions: ['memory_sync get agents --compact shows who is there'],
  })
}

/** What nobody has looked at, nobody knows of: there may be a file that cannot be read. */
async function noContext(memory: Memory): Promise<MemoryError> {
  const { redis, redisReason } = await memory.status()
  const why = redisReason === null ? '' : `: ${redisReason}`
  const where = {
    online: ', neither from the file nor from Redis',
    off: ` from the file, and no Redis is used${why}`,
    away: ` from the file, and Redis could not be asked${why}`,
  }[redis]
  return new MemoryError('absent', `no context can be read${where}`, {
    suggestions: [
      'where there is none yet, the first write makes it: memory_sync update AGENT STATUS',
      'memory_sync health says whether there is a file that cannot be read',
      'memory_sync where shows which root was looked at',
    ],
  })
}

const nothingAt = ({ path = '', agent }: GetRequest): MemoryError =>
  new MemoryError(
    'absent',
    `there is nothing at ${JSON.stringify(path)}${agent === undefined ? '' : ` of ${JSON.stringify(agent)}`}`,
    {
      suggestions:
        path.includes('.') && !path.startsWith('/')
          ? ['a name with dots in it needs a JSON Pointer, as /agents/NAME, or --agent NAME']
          : ['memory_sync get shows what there is'],
    },
  )
