/** Ids of applied operations, read page by page: there may be a hundred thousand. */
import type { SeenId } from '../contract.js'
import type { RedisConnection } from './connection.js'
import type { Keys } from './keys.js'

const PAGE = 5_000

/** As the scripts take an id that is given back. A key whose age nobody knows counts as used just now. */
export const seenArguments = ({ id, rev, digest, t }: SeenId): string[] => [id, String(rev), digest ?? '', String(t ?? Date.now())]

/** The ids whose revision is `wanted`; an idempotency key comes with its digest, and with when it was used. */
export async function readSeenIds(
  connection: RedisConnection,
  keys: Keys,
  wanted: (rev: number) => boolean,
): Promise<SeenId[]> {
  const ids = new Map<string, SeenId>()
  for await (const [id, score] of scan(connection, 'ZSCAN', keys.seen)) {
    const rev = Number(score)
    if (id !== '' && wanted(rev)) ids.set(id, { id, rev })
  }
  const times = new Map<string, number>()
  for await (const [id, ms] of scan(connection, 'ZSCAN', keys.keyTimes)) times.set(id, Number(ms))
  for await (const [id, text] of scan(connection, 'HSCAN', keys.keys)) {
    const [rev = '', digest = ''] = text.split(' ')
    if (id !== '' && wanted(Number(rev))) ids.set(id, { id, rev: Number(rev), digest, t: times.get(id) ?? 0 })
  }
  return [...ids.values()]
}

/** Everything that is there from the beginning to the end of the walk comes, perhaps more than once. */
async function* scan(
  connection: RedisConnection,
  command: 'ZSCAN' | 'HSCAN',
  key: string,
): AsyncGenerator<[string, string]> {
  let cursor = '0'
  do {
    const at = cursor
    const [next, page] = await connection.call(
      (client) => client.call(command, key, at, 'COUNT', String(PAGE)) as Promise<[string, string[]]>,
    )
    for (let i = 0; i + 1 < page.length; i += 2) yield [page[i]!, page[i + 1]!]
    cursor = next
  } while (cursor !== '0')
}
