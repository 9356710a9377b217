/** The scripts of leases: apart from the others, so that a command that has to do with none does not load them. */
import acquire from './scripts/lease/acquire.lua'
import common from './scripts/common.lua'
import leave from './scripts/lease/leave.lua'
import lease from './scripts/lease/lease.lua'
import look from './scripts/lease/look.lua'
import release from './scripts/lease/release.lua'
import renew from './scripts/lease/renew.lua'
import report from './scripts/lease/report.lua'
import restore from './scripts/lease/restore.lua'
import type { Script } from './link.js'

const TEXTS = { acquire, leave, look, release, renew, report, restore }
const KEY_COUNT = 8

export type LeaseScript = keyof typeof TEXTS

export const leaseScriptNamed: Readonly<Record<LeaseScript, Script>> = Object.fromEntries(
  Object.entries(TEXTS).map(([name, text]) => [
    name,
    { text: `${common}\n${lease}\n${text}`, keyCount: KEY_COUNT },
  ]),
) as Record<LeaseScript, Script>
