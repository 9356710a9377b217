/**
 * Whether anything was written to a server, by what it counts itself. Redis passes to its replicas and its append-only file what has
 * raised this count, and nothing else; so no write of any program is missing in it. It falls where a snapshot ends, of which the server
 * tells when it began (`rdb_saves`, since 7.0) and when it ended; at a FLUSHALL of a server with save points, which takes the lineage with it;
 * and where a snapshot is read again, in which every revision is missing that was given since. What expires or is evicted is not
 * counted: a record that is lost so is shown as it was, and put back.
 */
import type { Question, RedisConnection } from './connection.js'
import { factOf } from './info.js'
import { Keys } from './keys.js'

const COUNTED = ['master_replid', 'rdb_saves', 'rdb_last_save_time', 'rdb_changes_since_last_save']

/** What has to be known for it: to be asked at once. */
export function validatorQuestions(namespace: string): Question[] {
  const { sync, rev } = new Keys(namespace)
  return [
    ['INFO', 'persistence'],
    ['INFO', 'replication'],
    ['HMGET', sync, 'epoch', 'rev'],
    ['GET', rev],
  ]
}

/** null: a server that does not tell, or is about to set its count back, or where no lineage was begun. */
export async function validatorOf(connection: RedisConnection, namespace: string): Promise<string | null> {
  const [persistence, replication, sync, rev] = await connection.answers(validatorQuestions(namespace))
  const info = `${String(persistence)}\n${String(replication)}`
  if (factOf(info, 'rdb_bgsave_in_progress') !== '0' || factOf(info, 'role') !== 'master') return null
  const [epoch, atLeast] = Array.isArray(sync) ? (sync as unknown[]) : []
  const facts = [...COUNTED.map((name) => factOf(info, name)), epoch]
  if (facts.some((fact) => typeof fact !== 'string')) return null
  return [connection.run, ...facts, rev, atLeast, connection.database, namespace].join(' ')
}
