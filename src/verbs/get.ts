import { getValue } from '../usecases/get.js'
import { formatFound } from './value-format.js'
import type { Verb } from './verb.js'

export const get: Verb = {
  async perform({ args, flags, json }, { surroundings }) {
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
