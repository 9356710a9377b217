import { MemoryError } from '../errors/errors.js'
import { bridgeOf } from '../usecases/bridge.js'
import { updateStatus } from '../usecases/update.js'
import type { Verb } from './verb.js'

export const update: Verb = {
  // The words that callers of the old script know.
  errorPrefix: 'memory_sync update: ERROR',
  folderOf: (_, root) => bridgeOf(root).outbox,
  async perform({ args }, { surroundings, rootFiles }) {
    const agent = required('agent', args['agent'])
    const status = required('status', args['status'])
    const { receipt, broadcastFailure } = await updateStatus(surroundings, rootFiles, { agent, status })
    const warnings = broadcastFailure === undefined ? [] : [`no broadcast was written: ${broadcastFailure}`]
    return { receipt, warnings }
  },
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value
  throw new MemoryError('usage', `${name} required`, { suggestions: ['memory_sync update AGENT STATUS'] })
}
