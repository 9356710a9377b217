/** What the supervisor is told, and what it says of itself: two small files, its owner's only. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from '../platform/zod.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { named } from '../platform/open-file.js'
import { giveToOwner } from '../platform/owner.js'

const specSchema = z.strictObject({
  label: z.string(),
  program: z.tuple([z.string()], z.string()),
  args: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  directory: z.string(),
  stdout: z.string(),
  stderr: z.string(),
})
export type SupervisorSpec = z.infer<typeof specSchema>

const identitySchema = z.strictObject({ pid: z.number(), start: z.string(), boot: z.string() })
const exitSchema = z.union([z.strictObject({ code: z.number() }), z.strictObject({ signal: z.string() })])

const stateSchema = z.strictObject({
  supervisor: identitySchema,
  /** null: between two starts. */
  hub: z.nullable(identitySchema),
  /** Ends in a row, each soon after its start. */
  failures: z.number(),
  lastExit: z.nullable(exitSchema),
})
export type SupervisorState = z.infer<typeof stateSchema>

export const supervisorFolderOf = (configFolder: string): string => join(configFolder, 'service')
export const specFileOf = (folder: string, label: string): string => join(folder, `${label}.json`)
const stateFileOf = (folder: string, label: string): string => join(folder, `${label}.state.json`)
/** One name, so that what a kill has left there is found. */
const preparationOf = (stateFile: string): string => `${stateFile}.new`

/** Throws MemoryError `config` where it cannot be used. */
export function readSpec(path: string): SupervisorSpec {
  try {
    return specSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new MemoryError('config', `the service definition ${path} cannot be used: ${messageOf(error)}`, {
      suggestions: ['memory_sync install-agent writes it anew'],
      cause: error,
    })
  }
}

/** null: there is none, or not one that was written completely. */
export function readState(folder: string, label: string): SupervisorState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(stateFileOf(folder, label), 'utf8')))
  } catch {
    return null // whatever it is, no supervisor that lives wrote it
  }
}

/** As a whole, or not at all. */
export function writeState(folder: string, label: string, state: SupervisorState): void {
  const path = stateFileOf(folder, label)
  const temporary = preparationOf(path)
  try {
    writeFileSync(temporary, JSON.stringify(state), { mode: 0o600 })
    giveToOwner(temporary)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw named(error, path)
  }
}

export function removeState(folder: string, label: string): void {
  const path = stateFileOf(folder, label)
  for (const left of [preparationOf(path), path]) rmSync(left, { force: true })
}
