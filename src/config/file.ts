/** The config file: `$XDG_CONFIG_HOME/memory_sync/config.json`, by default below `~/.config`. */
import { isAbsolute, join } from 'node:path'
import { isJson, parseTree } from '../domain/json.js'
import { placeOfFault } from '../domain/json-scan.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { later } from '../platform/later.js'
import { unlessMissing } from '../platform/open-file.js'
import { readText } from '../platform/read-text.js'
import type { RedisConfig } from './redis.js'
import { type Environment, homeOf } from './root.js'

export interface TasksConfig {
  /** The YAML copy; relative to the root. null: none is kept. */
  file?: string | null | undefined
  /** How long a claim lasts without a sign of life, s. */
  ttlSeconds?: number | undefined
  /** By step: a command for /bin/sh that decides by its exit code. */
  guards?: Partial<Record<string, string>> | undefined
  /** So long a guard may take. */
  guardSeconds?: number | undefined
}

export interface Config {
  redis: RedisConfig
  tasks: TasksConfig
  lock: LockConfig
}

/** What the config file may say about leases. */
export interface LockConfig {
  /** After Redis lost its data, always wait until no lease can be left that nobody knows of. */
  strict?: boolean | undefined
  /** The longest TTL, s; 15 minutes at most. */
  maxTtlSeconds?: number | undefined
}

const EMPTY: Config = { redis: {}, tasks: {}, lock: {} }

export function configPath(env: Environment): string {
  const home = env['XDG_CONFIG_HOME'] ?? ''
  const base = isAbsolute(home) ? home : join(homeOf(env), '.config')
  return join(base, 'memory_sync', 'config.json')
}

/** Without a file: nothing is configured. Throws MemoryError `config` for one that cannot be used. */
export async function readConfig(env: Environment): Promise<Config> {
  const path = configPath(env)
  const text = textOf(path)
  return text === null ? EMPTY : parseConfig(path, text)
}

function textOf(path: string): string | null {
  try {
    return unlessMissing(() => readText(path))
  } catch (error) {
    throw unusable(path, messageOf(error), error)
  }
}

/** Only who has a config file pays for it. */
const loadSchema = later(() => import('./schema.js'))

async function parseConfig(path: string, text: string): Promise<Config> {
  const value = valueOf(path, text)
  const { checkConfig } = await loadSchema()
  const checked = checkConfig(value)
  if ('why' in checked) throw unusable(path, checked.why, checked.cause, checked.known)
  return checked
}

/** Of a name that stands twice JSON.parse() takes the last, and what stands at the first would have been set for nothing. */
function valueOf(path: string, text: string): unknown {
  if (!isJson(text)) {
    // What is wrong JSON.parse() shows with the text around it, which may be a password.
    const place = placeOfFault(text)
    throw unusable(path, `it is not JSON${place === null ? '' : ` (line ${place.line}, column ${place.column})`}`)
  }
  try {
    parseTree(text)
  } catch (error) {
    throw unusable(path, messageOf(error), error)
  }
  return JSON.parse(text)
}

/** `known`: names that may stand there, where another one does. */
const unusable = (path: string, why: string, cause?: unknown, known: readonly string[] = []): MemoryError =>
  new MemoryError('config', `the config file ${path} cannot be used: ${why}`, {
    suggestions: [...(known.length > 0 ? [`there may be: ${known.join(', ')}`] : []), 'mend it, or move it away'],
    cause,
  })
