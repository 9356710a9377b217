/** The folders through which programs that know nothing but files talk to the context. */
import { join } from 'node:path'

export interface Bridge {
  inbox: string
  outbox: string
  processed: string
  rejected: string
}

export function bridgeOf(root: string): Bridge {
  const memory = join(root, 'bridge', 'memory')
  const processed = join(memory, 'processed')
  return { inbox: join(memory, 'inbox'), outbox: join(memory, 'outbox'), processed, rejected: join(processed, 'rejected') }
}
