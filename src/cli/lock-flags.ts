/** Flags of the commands that have to do with leases. */
import { Args, Flags } from '@oclif/core'
import { MemoryError } from '../errors/errors.js'
import { refuseEmpty } from '../verbs/conditions.js'
import { seconds } from './watching.js'

export const nameArg = { name: Args.string({ description: 'The lease.', required: true }) }

export const tokenFlag = {
  token: Flags.string({
    summary: 'The token of its holder.',
    description: 'Default: MEMORY_SYNC_LOCK_TOKEN, where MEMORY_SYNC_LOCK_NAME is this lease, as in a command that "lock run" has started.',
    helpValue: 'TOKEN',
  }),
}

export const ttlFlag = {
  ttl: Flags.string({
    summary: 'How long it lasts, in seconds; default 60, at most 900.',
    description: 'Where lock.maxTtlSeconds of the config file is less, that is the limit, and the default where that is less than 60.',
    helpValue: 'S',
  }),
}

export const waitFlag = {
  wait: Flags.string({ summary: 'Wait so long for it, in seconds, first come, first served; default 0.', helpValue: 'S' }),
}

export const holderFlags = {
  agent: Flags.string({
    summary: 'Who has it; shown to others.',
    description: 'Default: MEMORY_SYNC_AGENT, else USER.',
    helpValue: 'NAME',
  }),
  reason: Flags.string({ summary: 'What for; shown to others.', helpValue: 'TEXT' }),
}

export const ttlOf = (flag: string | undefined): number | undefined => (flag === undefined ? undefined : seconds('--ttl', flag))
export const waitOf = (flag: string | undefined): number => (flag === undefined ? 0 : seconds('--wait', flag))

/** The token that was given, or that the surrounding "lock run" has left for its children; undefined: neither. */
export function tokenOf(name: string, flag: string | undefined): string | undefined {
  refuseEmpty({ token: flag }, 'token')
  if (flag !== undefined) return flag
  const { MEMORY_SYNC_LOCK_NAME: lease, MEMORY_SYNC_LOCK_TOKEN: token } = process.env
  return lease === name && token !== '' ? token : undefined
}

/** Throws MemoryError `usage` where there is none. */
export function requiredTokenOf(name: string, flag: string | undefined): string {
  const token = tokenOf(name, flag)
  if (token !== undefined) return token
  throw new MemoryError('usage', 'whose lease it is has to be shown with --token', {
    suggestions: ['lock acquire --json prints the token', `without it: memory_sync lock force-release ${name}`],
  })
}
