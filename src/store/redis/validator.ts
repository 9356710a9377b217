/**
 * Whether anything was written to a server, by what it counts itself. Redis passes to its replicas and its append-only file what has
 * raised this count, and nothing else; so no write of any program is missing in it. It falls where a snapshot ends, of which the server
 * tells when it began (`rdb_saves`, since 7.0) and when it ended. What expires or is evicted is not counted: a record that is lost so is shown
 * as it was, and put back. A FLUSHALL that saves (a server with save points) sets the count back as well, and `rdb_saves` stays: then the second in
 * which it was tells, and no more than that.
 */
import type { RedisConnection } from './connection.js'
import { factOf } from './info.js'

const COUNTED = ['master_replid', 'rdb_saves', 'rdb_last_save_time', 'rdb_changes_since_last_save']

/** null: a server that does not tell, or is about to set its count back. */
export async function validatorOf(connection: RedisConnection, namespace: string): Promise<string | null> {
  const info = await connection.counts()
  if (factOf(info, 'rdb_bgsave_in_progress') !== '0' || factOf(info, 'role') !== 'master') return null
  const facts = COUNTED.map((name) => factOf(info, name))
  return facts.includes(undefined) ? null : [connection.run, ...facts, connection.database, namespace].join(' ')
}
