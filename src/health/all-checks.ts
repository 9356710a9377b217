/** All checks, in the order in which they are shown. */
import type { Check } from './check.js'
import { activity } from './checks/activity.js'
import { contextFile } from './checks/context-file.js'
import { fileLag } from './checks/file-lag.js'
import { hooks } from './checks/hooks.js'
import { hub } from './checks/hub.js'
import { journal } from './checks/journal.js'
import { pending } from './checks/pending.js'
import { redisConnection } from './checks/redis-connection.js'
import { redisOfHub } from './checks/redis-hub.js'
import { redisPassword } from './checks/redis-password.js'
import { root } from './checks/root.js'
import { setAside } from './checks/set-aside.js'

export const CHECKS: readonly Check[] = [
  hub,
  redisConnection,
  redisOfHub,
  redisPassword,
  hooks,
  root,
  contextFile,
  fileLag,
  journal,
  pending,
  setAside,
  activity,
]
