/** Flags of every command: which root, and which Redis. */
import { Flags } from '@oclif/core'

export const storeFlags = {
  root: Flags.string({
    summary: 'The root directory.',
    description: 'Default: MEMORY_SYNC_ROOT, else LUKA_SOT, else ~/02luka.',
    helpGroup: 'GLOBAL',
    helpValue: 'DIR',
  }),
  'redis-url': Flags.string({
    summary: 'Which Redis, without a password: redis://, rediss:// or unix://.',
    helpGroup: 'GLOBAL',
    helpValue: 'URL',
  }),
  'redis-password-file': Flags.string({
    summary: 'File with the password of that Redis.',
    helpGroup: 'GLOBAL',
    helpValue: 'FILE',
  }),
}

export interface StoreFlags {
  root?: string | undefined
  'redis-url'?: string | undefined
  'redis-password-file'?: string | undefined
}
