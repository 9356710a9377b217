import {execFileSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

/** Every file that is or would be committed. */
export function repositoryFiles(): string[] {
  // In a container the clone often belongs to another user, and git would refuse.
  const listed = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {cwd: root, encoding: 'utf8'})
  return listed.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file)))
}

export interface Manifest {
  version: string
  commands: Record<string, {id: string; aliases: string[]; hidden?: boolean; strict?: boolean; args?: Record<string, {multiple?: boolean}>; flags?: Record<string, {description?: string}>; summary?: string; description?: string}>
}

export function readManifest(): Manifest {
  return JSON.parse(read('oclif.manifest.json')) as Manifest
}
