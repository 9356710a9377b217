/** The Lua scripts of the store. */
import beginEpoch from './scripts/begin-epoch.lua'
import changes from './scripts/changes.lua'
import commit from './scripts/commit.lua'
import common from './scripts/common.lua'
import contain from './scripts/contain.lua'
import heal from './scripts/heal.lua'
import hello from './scripts/hello.lua'
import read from './scripts/read.lua'
import unlike from './scripts/unlike.lua'
import type { Script } from './link.js'

const TEXTS = { beginEpoch, changes, commit, contain, heal, hello, read, unlike }
/** null: another number each time. */
const KEY_COUNTS: Record<ScriptName, number | null> = {
  ...{ beginEpoch: 6, changes: 3, commit: 10, contain: 4 },
  ...{ heal: 7, hello: 5, read: null, unlike: null },
}

export type ScriptName = keyof typeof TEXTS

export const scriptNamed: Readonly<Record<ScriptName, Script>> = Object.fromEntries(
  Object.entries(TEXTS).map(([name, text]) => [
    name,
    { text: `${common}\n${text}`, keyCount: KEY_COUNTS[name as ScriptName] },
  ]),
) as Record<ScriptName, Script>

/** The keys, with their number where a script takes another one each time, and what else it takes. */
export const argumentsOf = (name: ScriptName, keys: string[], args: string[]): string[] =>
  KEY_COUNTS[name] === null ? [String(keys.length), ...keys, ...args] : [...keys, ...args]
