import { leafOf } from '../domain/json.js'
import { CONTEXT, type Operation } from '../domain/operation.js'

/** The members of a context that begins: set only where nothing stands, so that it never comes before anything. */
export function firstContext(rootPath: string, rootId: string, digest: string): Operation {
  const paths = { '/paths/sot': rootPath, '/paths/working': `${rootPath}/g`, '/paths/bridge': `${rootPath}/bridge` }
  const members: [string, string][] = [
    ['/version', leafOf('1.0')],
    ['/current_work', '{}'],
    ...Object.entries(paths).map(([path, value]): [string, string] => [path, leafOf(value)]),
    ['/token_usage/total', '0'],
    ['/token_usage/saved', '0'],
  ]
  return {
    id: digest.slice(0, 32),
    t: 0,
    target: CONTEXT,
    kind: 'adopt',
    edits: members.map(([path, value]) => ({ do: 'default', path, value })),
    base: 0,
    baseEpoch: '',
    by: 'memory_sync',
    root: rootId,
  }
}
