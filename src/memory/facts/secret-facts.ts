/** Which files may hold a secret, and who else than their owner can open them. */
import { configPath, readConfig } from '../../config/file.js'
import type { RedisConfig } from '../../config/redis.js'
import { isSet, parseAddress } from '../../config/redis-url.js'
import type { Environment } from '../../config/root.js'
import type { Facts } from '../../health/facts.js'
import { isOpenToOthers } from './root-facts.js'

/** `installed`: those of an installation. A config file that somebody has written by hand has a secret only where it has a password. */
export async function secretsOf(env: Environment, installed: readonly string[]): Promise<Facts['secrets']> {
  const own = holdsPassword((await readConfig(env)).redis) ? [configPath(env)] : []
  const files = [...new Set([...installed, ...own])]
  return files.length === 0 ? null : { open: files.filter(isOpenToOthers) }
}

const holdsPassword = ({ password, url = '' }: RedisConfig): boolean => isSet(password) || isSet(parseAddress(url)?.password)
