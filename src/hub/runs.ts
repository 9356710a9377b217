/** Command lines of other processes that the hub performs for them: the verbs themselves, with the world of the caller. */
import { existsSync } from 'node:fs'
import type { RunReply, RunRequest } from '../client/run-wire.js'
import { placeOf } from '../client/socket-path.js'
import { resolveAuthor } from '../config/author.js'
import type { ServedMemory } from '../core/engine-types.js'
import type { Memory } from '../core/memory.js'
import { MemoryError } from '../errors/errors.js'
import { idsOf } from '../memory/ids.js'
import { systemClock } from '../platform/clock.js'
import { randomId } from '../platform/digests.js'
import { nodeFiles } from '../platform/node-files.js'
import { performVerb, verbs } from '../verbs/perform.js'
import { parseSimple, type SimpleCall } from '../verbs/simple-form.js'
import type { World } from '../verbs/verb.js'

export interface RunHost {
  root: string
  /** Of the root, as `placeOf` names it. */
  place: string
  /** Of the product: another one may do the verbs otherwise. */
  version: string
  memory: ServedMemory
  /** Whether somebody with these settings means the Redis and the names of this hub. */
  isMeant(settings: RunRequest['settings']): boolean
}

/** What was asked for, or null: this hub cannot do it just as the caller would, and has done nothing. */
export function runOf(host: RunHost, request: RunRequest & { version: string }): (() => Promise<RunReply>) | null {
  const simple = parseSimple(request.argv)
  if (simple === null || request.version !== host.version || !canBeDone(simple, host.root)) return null
  if (placeOf(request.root) !== host.place || !host.isMeant(request.settings)) return null
  return async () => {
    const { code, stdout, stderr } = await performVerb(simple.verb, simple.call, () => Promise.resolve(worldOf(host, request, simple)))
    return { code, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }
  }
}

function canBeDone({ verb, call }: SimpleCall, root: string): boolean {
  const { needsCaller, folderOf } = verbs[verb]
  if (call.flags['redis-url'] !== undefined || call.flags['redis-password-file'] !== undefined) return false
  if (needsCaller?.(call) === true) return false
  const folder = folderOf?.(call, root)
  return folder === undefined || existsSync(folder)
}

function worldOf({ root, memory }: RunHost, request: RunRequest, { call }: SimpleCall): World & { close(): Promise<void> } {
  return {
    surroundings: {
      memory: memoryOf(memory, request.operationId),
      clock: { now: () => systemClock.now(), offsetMinutes: () => request.offsetMinutes },
      random: randomId,
      by: resolveAuthor({ by: call.flags['by'] }, request.settings),
    },
    rootFiles: { root, files: nodeFiles },
    textOf: (name, text) =>
      text === '-' ? Promise.reject(new MemoryError('internal', `${name} is not to be read by the hub`)) : Promise.resolve(text),
    close: () => Promise.resolve(),
  }
}

/** The write of the caller has the caller's id: when no answer reaches it, it sends the same one elsewhere. */
function memoryOf(memory: ServedMemory, operationId: string): Memory {
  return {
    write: (request) => memory.submit(request, idsOf(request, operationId)),
    read: () => memory.read(),
    readText: () => memory.readText(),
    readTasks: () => memory.readTasks(),
    watch: (request) => memory.watch(request),
    history: (since) => memory.history(since),
    status: () => memory.status(),
    sync: () => memory.sync(),
    publish: (event) => memory.publish(event),
    leases: memory.leases,
    close: () => Promise.resolve(),
  }
}
