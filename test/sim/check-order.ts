/** Revisions only ever grow, whatever is lost; and whoever watches is told each change once, in their order. */
import type { Change } from '../../src/domain/operation.js'
import { historyOf } from './check-files.js'
import type { World } from './world.js'

export function checkOrder(world: World): string[] {
  const isShared = world.options.redis === 'named'
  const stream = world.server.data.stream.map(({ text }) => JSON.parse(text) as Change)
  return [
    ...growing('commit', world.commits),
    ...growing('stream', stream),
    ...world.hosts.flatMap((host) => host.watcher.verdict(isShared ? stream : historyOf(host))),
  ]
}

function growing(what: string, changes: readonly Change[]): string[] {
  return changes.flatMap(({ rev, id }, i) => {
    const before = changes[i - 1]
    return before === undefined || rev > before.rev ? [] : [`${what} ${rev} (${id}) after ${before.rev} (${before.id})`]
  })
}
