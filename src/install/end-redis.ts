/** Ending the private Redis of an installation: a hub that was killed leaves it. */
import { join } from 'node:path'
import { readConfig } from '../config/file.js'
import { privateRedisOf } from '../config/private-redis.js'
import { type RedisConfig, resolveRedis } from '../config/redis.js'
import type { Environment } from '../config/root.js'
import { checkConfig } from '../config/schema.js'
import { messageOf } from '../errors/errors.js'
import { LastingRedis, type LastingRedisPlace } from '../platform/lasting-redis.js'
import { type Places, redisFolder } from './places.js'
import { type InstallRecord, readBackup } from './record.js'
import type { Undone } from './undo.js'

/** null: none runs any more. Never throws: the rest is to be undone all the same. */
export async function endPrivateRedisOf(record: InstallRecord, places: Places, env: Environment): Promise<Undone | null> {
  try {
    const place = (await configured(record, env)) ?? installed(record, places)
    if (place !== null) await new LastingRedis(place, {}).end()
    return null
  } catch (error) {
    return { path: redisFolder(places), did: 'failed', note: `the private Redis there may still run: ${messageOf(error)}` }
  }
}

async function configured({ root }: InstallRecord, env: Environment): Promise<LastingRedisPlace | null> {
  try {
    return placeIn(root, (await readConfig(env)).redis)
  } catch {
    return null // the record knows it, too
  }
}

/** Whatever the config file has become: it may be gone, cut, or tell of another Redis by now. */
function installed(record: InstallRecord, places: Places): LastingRedisPlace | null {
  if (record.redis?.got !== 'managed') return null
  const folder = redisFolder(places)
  // Which process it is stands in its folder: the address and the password are for one whose note is gone.
  const byNote: LastingRedisPlace = { folder, program: '', where: { socket: join(folder, 'redis.sock') }, password: '' }
  return recorded(record, places) ?? byNote
}

function recorded({ root, entries }: InstallRecord, places: Places): LastingRedisPlace | null {
  try {
    const after = entries.find(({ part }) => part === 'settings')?.after
    const config = after?.is === 'file' ? checkConfig(JSON.parse(readBackup(places.config, after.sha256).toString())) : null
    return config !== null && 'redis' in config ? placeIn(root, config.redis) : null
  } catch {
    return null // a backup that is gone
  }
}

const placeIn = (root: string, redis: RedisConfig): LastingRedisPlace | null =>
  privateRedisOf(root, redis.managed, resolveRedis({ flags: {}, env: {}, configFile: redis }))
