import { dirname } from 'node:path'
import type { Tree } from '../domain/json.js'
import { isLegalName } from '../domain/name.js'
import { MemoryError } from '../errors/errors.js'
import { parseJsonArgument, parseLenient } from '../usecases/json-argument.js'
import { ledgerOf } from '../usecases/ledger.js'
import { recordResult } from '../usecases/record.js'
import { conditionsOf, numberText } from './conditions.js'
import type { Verb, World } from './verb.js'

export const record: Verb = {
  needsCaller: ({ args: { result }, flags }) =>
    flags['literal'] === undefined && (result === '-' || result?.startsWith('@') === true),
  folderOf: ({ args, flags }, root) =>
    flags['learning'] === undefined || !isLegalName(args['agent'] ?? '') ? undefined : dirname(ledgerOf(root, args['agent']!)),
  async perform({ args, flags }, { surroundings, rootFiles, textOf }) {
    const { error, learning, score, 'duration-ms': durationMs, 'score-before': scoreBefore } = flags
    const { result } = args
    return recordResult(surroundings, rootFiles, {
      agent: args['agent'] ?? '',
      subject: args['id'] ?? '',
      outcome: args['outcome'] ?? '',
      result: flags['literal'] === undefined ? await resultOf(result, textOf) : parseLenient('RESULT', result ?? ''),
      ...(durationMs !== undefined && { durationMs: numberText('--duration-ms', durationMs) }),
      ...(score !== undefined && { score: numberText('--score', score) }),
      ...(scoreBefore !== undefined && { scoreBefore: numberText('--score-before', scoreBefore) }),
      ...(error !== undefined && { error }),
      ...(learning !== undefined && { learning }),
      ...conditionsOf(flags),
    })
  },
}

/** A program that printed nothing has failed: only who names no result has none. */
async function resultOf(argument: string | undefined, textOf: World['textOf']): Promise<Tree> {
  const text = argument === undefined ? '{}' : await textOf('RESULT', argument, { files: true })
  if (text.trim() !== '') return parseJsonArgument('RESULT', text)
  throw new MemoryError('usage', 'RESULT is empty', { suggestions: ['leave it out where there is none: it is {} then'] })
}
