/** `update`: the legacy verb. Status and presence of an agent, and a broadcast for those that watch the outbox. */
import { leafOf } from '../domain/json.js'
import { messageOf } from '../errors/errors.js'
import { broadcastUpdate } from './broadcast.js'
import { refuseTooLarge } from './limits.js'
import { receiptOf, type Receipt } from './receipt.js'
import { type RootFiles, type Surroundings, timeNow } from './surroundings.js'
import { agentTargetOf } from './target.js'

export interface Updated {
  receipt: Receipt
  /** Why no broadcast was written; the update is acknowledged all the same. */
  broadcastFailure?: string
}

/**
 * Sets the status; depends on nothing that it read, so that it never has to be repeated. The broadcast is written after the
 * acknowledgement and only then, by the one whose write it was. Throws MemoryError: `usage` for a bad name, `unavailable` when nothing took the write.
 */
export async function updateStatus(
  surroundings: Surroundings,
  outbox: RootFiles,
  { agent, status }: { agent: string; status: string },
): Promise<Updated> {
  refuseTooLarge('the status', leafOf(status))
  const target = await agentTargetOf(surroundings.memory, agent)
  const now = timeNow(surroundings)
  const outcome = await surroundings.memory.write({
    target,
    kind: 'update',
    edits: [
      { do: 'set', path: '/status', value: leafOf(status) },
      { do: 'set', path: '/last_seen', value: leafOf(now) },
      { do: 'set', path: '/last_update', value: leafOf(now) },
    ],
    by: surroundings.by,
    payload: JSON.stringify(['update', status]),
  })
  const receipt = receiptOf(outcome, agent)
  if (outcome.ok && outcome.repeated === true) return { receipt }
  try {
    await broadcastUpdate(surroundings, outbox, { agent, status, ts: now })
  } catch (error) {
    return { receipt, broadcastFailure: messageOf(error) }
  }
  return { receipt }
}
