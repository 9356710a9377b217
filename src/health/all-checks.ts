/** All checks, in the order in which they are shown. A new one: its file, a line here, its row in docs/operations.md and in the table of its test. */
import type { Check } from './check.js'
import { activity } from './checks/activity.js'
import { aliases } from './checks/aliases.js'
import { clock } from './checks/clock.js'
import { command } from './checks/command.js'
import { contextFile } from './checks/context-file.js'
import { disk } from './checks/disk.js'
import { dispatchers } from './checks/dispatchers.js'
import { fileLag } from './checks/file-lag.js'
import { hooks } from './checks/hooks.js'
import { hubLag } from './checks/hub-lag.js'
import { hubVersion } from './checks/hub-version.js'
import { hub } from './checks/hub.js'
import { inbox } from './checks/inbox.js'
import { installation } from './checks/installation.js'
import { journal } from './checks/journal.js'
import { lastOrder } from './checks/last-order.js'
import { leftovers } from './checks/leftovers.js'
import { leases } from './checks/leases.js'
import { looked } from './checks/looked.js'
import { modes } from './checks/modes.js'
import { node } from './checks/node.js'
import { oneHub } from './checks/one-hub.js'
import { pending } from './checks/pending.js'
import { program } from './checks/program.js'
import { redisChannels } from './checks/redis-channels.js'
import { redisConnection } from './checks/redis-connection.js'
import { redisDurability } from './checks/redis-durability.js'
import { redisEviction } from './checks/redis-eviction.js'
import { redisOfHub } from './checks/redis-hub.js'
import { redisKeys } from './checks/redis-keys.js'
import { redisPassword } from './checks/redis-password.js'
import { redisRecords } from './checks/redis-records.js'
import { redisWrites } from './checks/redis-writes.js'
import { root } from './checks/root.js'
import { secrets } from './checks/secrets.js'
import { service } from './checks/service.js'
import { setAside } from './checks/set-aside.js'
import { spool } from './checks/spool.js'
import { staleAgents } from './checks/stale-agents.js'
import { state } from './checks/state.js'

export const CHECKS: readonly Check[] = [
  hub,
  oneHub,
  hubVersion,
  service,
  installation,
  program,
  node,
  hubLag,
  redisConnection,
  redisWrites,
  redisChannels,
  redisOfHub,
  redisPassword,
  secrets,
  redisEviction,
  redisDurability,
  redisKeys,
  redisRecords,
  hooks,
  command,
  aliases,
  dispatchers,
  lastOrder,
  root,
  looked,
  disk,
  modes,
  contextFile,
  fileLag,
  state,
  journal,
  leases,
  pending,
  setAside,
  leftovers,
  inbox,
  spool,
  clock,
  activity,
  staleAgents,
]
