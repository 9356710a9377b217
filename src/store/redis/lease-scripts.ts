/** The scripts of leases: apart from the others, so that a command that has to do with none does not load them. */
import type { Redis } from 'ioredis'
import acquire from './scripts/lease/acquire.lua'
import common from './scripts/common.lua'
import leave from './scripts/lease/leave.lua'
import lease from './scripts/lease/lease.lua'
import look from './scripts/lease/look.lua'
import release from './scripts/lease/release.lua'
import renew from './scripts/lease/renew.lua'
import report from './scripts/lease/report.lua'
import restore from './scripts/lease/restore.lua'

const TEXTS = { acquire, leave, look, release, renew, report, restore }
const KEY_COUNT = 8

export type LeaseScript = keyof typeof TEXTS

type Scripted = Record<string, ((keysAndArguments: string[]) => Promise<unknown>) | undefined>

/** The caller says what the script returns. */
export function runLeaseScript<Reply>(client: Redis, name: LeaseScript, keys: string[], args: string[]): Promise<Reply> {
  const command = `memorySync_lease_${name}`
  const scripted = client as unknown as Scripted
  if (scripted[command] === undefined) {
    client.defineCommand(command, { lua: `${common}\n${lease}\n${TEXTS[name]}`, numberOfKeys: KEY_COUNT })
  }
  return scripted[command]!([...keys, ...args]) as Promise<Reply>
}
