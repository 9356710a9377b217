/** `remove`: deletes an agent's record on purpose. A tombstone and the history remember it. */
import { conditionsIn, receiptOf, type Receipt, type WriteConditions } from './receipt.js'
import type { Surroundings } from './surroundings.js'
import { removedTargetOf } from './target.js'

/** Throws MemoryError: `absent` where there is no such record, else what `receiptOf` says. */
export async function removeAgent(
  surroundings: Surroundings,
  request: { agent: string } & WriteConditions,
): Promise<Receipt> {
  const { agent } = request
  const outcome = await surroundings.memory.write({
    target: await removedTargetOf(surroundings.memory, agent),
    kind: 'delete',
    edits: [{ do: 'delete', path: '' }],
    by: surroundings.by,
    payload: 'remove',
    ...conditionsIn(request),
  })
  return receiptOf(outcome, agent, request, 'the record is deleted as it is now')
}
