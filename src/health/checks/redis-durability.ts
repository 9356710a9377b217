import type { Check } from '../check.js'

/** What a power loss may take. What Redis loses, every root that has it brings back; what its root loses too is gone. */
export const redisDurability: Check = {
  name: 'redis-durability',
  section: 'Redis',
  look({ redis }) {
    if (redis === null) return { level: 'off', text: 'Redis durability: no connection to look at' }
    const { appendOnly, appendFsync } = redis
    if (appendOnly === null) return { level: 'off', text: 'Redis durability: unknown, this user may not ask for it' }
    if (!appendOnly) {
      return {
        level: 'warn',
        text: 'Redis keeps no append-only file: when it ends, what came since its last snapshot is gone there, and the roots bring it back',
        wayOut: 'set appendonly yes',
      }
    }
    switch (appendFsync) {
      case 'always':
        return { level: 'ok', text: 'Redis syncs its append-only file at every write: a power loss takes nothing there' }
      case 'everysec':
        return { level: 'ok', text: 'Redis syncs its append-only file every second: a power loss takes the last second there' }
      case 'no':
        return {
          level: 'warn',
          text: 'Redis leaves syncing its append-only file to the system: a power loss takes what it has not written yet',
          wayOut: 'set appendfsync everysec',
        }
      default:
        return { level: 'off', text: 'Redis keeps an append-only file; how often it is synced this user may not ask' }
    }
  },
}
