import { refuseEmpty } from './conditions.js'
import { getText, getValue } from '../usecases/get.js'
import { formatFound } from './value-format.js'
import type { Verb } from './verb.js'

export const get: Verb = {
  async perform({ args, flags, json }, { surroundings }) {
    refuseEmpty(flags, 'agent')
    // What is shown as context.json has it, nobody has to take apart.
    const isWhole = ['compact', 'with-meta', 'agent'].every((flag) => flags[flag] === undefined) && args['path'] === undefined
    if (isWhole) return { text: await getText(surroundings.memory) }
    const found = await getValue(surroundings.memory, {
      ...(args['path'] !== undefined && { path: args['path'] }),
      ...(flags['agent'] !== undefined && { agent: flags['agent'] }),
    })
    const format = {
      raw: flags['raw'] !== undefined && !json,
      compact: flags['compact'] !== undefined,
      withMeta: flags['with-meta'] !== undefined,
    }
    return { text: `${formatFound(found, format)}\n` }
  },
}
