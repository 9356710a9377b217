/** The Lua scripts as functions of keys and arguments. */
import type { Redis, RedisOptions } from 'ioredis'
import beginEpoch from './scripts/begin-epoch.lua'
import changes from './scripts/changes.lua'
import commit from './scripts/commit.lua'
import common from './scripts/common.lua'
import contain from './scripts/contain.lua'
import heal from './scripts/heal.lua'
import hello from './scripts/hello.lua'
import read from './scripts/read.lua'
import unlike from './scripts/unlike.lua'

const TEXTS = { beginEpoch, changes, commit, contain, heal, hello, read, unlike }
/** null: another number each time. */
const KEY_COUNTS: Record<ScriptName, number | null> = {
  ...{ beginEpoch: 6, changes: 3, commit: 10, contain: 4 },
  ...{ heal: 7, hello: 5, read: 4, unlike: null },
}

export type ScriptName = keyof typeof TEXTS

/** No command of Redis has such a name. */
const commandName = (name: ScriptName): string => `memorySync_${name}`

function numberOfKeys(name: ScriptName): { numberOfKeys?: number } {
  const count = KEY_COUNTS[name]
  return count === null ? {} : { numberOfKeys: count }
}

/** For the options of a client: it then sends a script's text once a connection, and its digest from then on. */
export const scriptDefinitions: NonNullable<RedisOptions['scripts']> = Object.fromEntries(
  Object.entries(TEXTS).map(([name, lua]) => [
    commandName(name as ScriptName),
    { lua: `${common}\n${lua}`, ...numberOfKeys(name as ScriptName) },
  ]),
)

type Scripted = Record<string, (keysAndArguments: string[]) => Promise<unknown>>

/** The reply with every text as a string. The caller says what the script returns. */
export const runScript = <Reply>(client: Redis, name: ScriptName, keys: string[], args: string[]): Promise<Reply> =>
  (client as unknown as Scripted)[commandName(name)]!(argumentsOf(name, keys, args)) as Promise<Reply>

/** The same, with every text as bytes. */
export const runScriptForBytes = <Reply>(
  client: Redis,
  name: ScriptName,
  keys: string[],
  args: string[],
): Promise<Reply> => (client as unknown as Scripted)[`${commandName(name)}Buffer`]!(argumentsOf(name, keys, args)) as Promise<Reply>

const argumentsOf = (name: ScriptName, keys: string[], args: string[]): string[] =>
  KEY_COUNTS[name] === null ? [String(keys.length), ...keys, ...args] : [...keys, ...args]
