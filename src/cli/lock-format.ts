/** A lease for people, and as JSON. */
import { formatTime } from '../domain/time.js'
import { systemClock } from '../platform/clock.js'
import type { LeaseView } from '../usecases/lock.js'
import { withheldText } from '../usecases/lock-refusals.js'
import { plainText } from './table.js'

const secondsOf = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

export function lockJson({ name, fence, holder, queue, withheld, foreign }: LeaseView): object {
  return {
    ...{ name, held: holder !== null || foreign !== null, holder: holder?.name ?? null, fence },
    ...(holder !== null && {
      ...{ reason: holder.reason, ttlMs: holder.leftMs, count: holder.count, root: holder.root },
      since: formatTime(holder.since, systemClock.offsetMinutes()),
      ...(holder.process !== '' && { process: Number(holder.process.split(' ', 1)[0]) }),
    }),
    waiting: queue.map((waiter) => waiter.name),
    ...(withheld !== null && { withheldMs: withheld.leftMs, roots: withheld.roots }),
    ...(foreign !== null && { legacy: { key: foreign.key, holder: foreign.text, ttlMs: foreign.leftMs } }),
  }
}

/** Several lines. */
export function lockText(view: LeaseView): string {
  const { name, fence, holder, queue, withheld, foreign } = view
  const lines = holder === null ? [`${name}: ${foreign === null ? 'free' : 'an older program has it'}`] : [`${name}: held by ${holder.name}, for another ${secondsOf(holder.leftMs)}`]
  if (holder !== null && holder.reason !== '') lines.push(`  reason: ${holder.reason}`)
  if (holder !== null && holder.process !== '') lines.push(`  process: ${holder.process.split(' ', 1)[0]!}`)
  if (holder !== null && holder.count > 1) lines.push(`  acquired ${holder.count} times by its own token`)
  lines.push(fence === 0 ? '  never granted' : `  fence: ${fence}`)
  if (queue.length > 0) lines.push(`  waiting: ${queue.map((waiter) => waiter.name).join(', ')}`)
  if (foreign !== null) lines.push(`  an older program has ${foreign.key}: ${foreign.text}`)
  if (withheld !== null) lines.push(`  ${withheldText(withheld)}`)
  return lines.map(plainText).join('\n')
}

/** One line. */
export function lockLine({ name, holder, queue, fence, foreign }: LeaseView): string {
  const who = holder === null ? (foreign === null ? 'free' : 'an older program') : `${holder.name}, ${secondsOf(holder.leftMs)}${holder.reason === '' ? '' : `, ${holder.reason}`}`
  return `${name}\t${fence}\t${plainText(who)}${queue.length === 0 ? '' : `\t${queue.length} waiting`}`
}
