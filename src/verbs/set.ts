import { parseJsonObjectArgument } from '../usecases/json-argument.js'
import { setContext } from '../usecases/set.js'
import { conditionsOf } from './conditions.js'
import type { Verb } from './verb.js'

export const set: Verb = {
  needsCaller: ({ flags }) => flags['patch'] === '-',
  async perform({ args, flags, positional }, { surroundings, textOf }) {
    const { patch: patchText, status } = flags
    const patch =
      patchText === undefined ? undefined : parseJsonObjectArgument('--patch', await textOf('--patch', patchText))
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
