import { stringOf, type TreeMap } from '../domain/json.js'
import { MemoryError } from '../errors/errors.js'
import { parseJsonObjectArgument } from '../usecases/json-argument.js'
import { setContext } from '../usecases/set.js'
import { conditionsOf } from './conditions.js'
import type { Verb } from './verb.js'

export const set: Verb = {
  needsCaller: ({ flags }) => flags['patch'] === '-',
  async perform({ args, flags, positional }, { surroundings, textOf }) {
    const { patch: patchText } = flags
    const patch =
      patchText === undefined ? undefined : parseJsonObjectArgument('--patch', await textOf('--patch', patchText))
    const status = flags['with-status'] === undefined ? flags['status'] : statusIn(patch, flags['status'])
    const receipt = await setContext(surroundings, {
      name: args['target'] ?? '',
      assignments: positional.slice(1),
      ...(patch !== undefined && { patch }),
      ...(status !== undefined && { status }),
      ...conditionsOf(flags),
    })
    return { receipt, warnings: [] }
  },
}

/** Undefined: the patch has none, and what there is stays. Throws MemoryError `usage`. */
function statusIn(patch: TreeMap | undefined, status: string | undefined): string | undefined {
  if (patch === undefined || status !== undefined) {
    throw new MemoryError('usage', '--with-status goes with --patch, and not with --status', {
      suggestions: ['give --patch an object that has the status as a text, as {"status": "idle"}'],
    })
  }
  return stringOf(patch.get('status')) || undefined
}
