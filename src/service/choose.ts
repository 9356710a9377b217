/** What keeps a program running on this machine. */
import { MemoryError } from '../errors/errors.js'
import { findProgram } from '../platform/children.js'
import type { Clock } from '../platform/clock.js'
import { Launchd } from './launchd.js'
import type { ServiceManager } from './service.js'
import { SupervisorManager } from './supervisor.js'
import { Systemd } from './systemd.js'

export interface ManagerOptions {
  env: NodeJS.ProcessEnv
  home: string
  uid: number
  configFolder: string
  clock: Pick<Clock, 'pause'>
}

export type ManagerKind = ServiceManager['kind']

/** launchd where there is a launchctl, systemd where one runs for this user, else a supervisor of our own. */
export async function chooseManager(options: ManagerOptions): Promise<ServiceManager> {
  return (await openLaunchd(options)) ?? (await Systemd.open(options)) ?? new SupervisorManager(options)
}

/** Throws MemoryError `failed` where this machine does not have it (any more). */
export async function openManager(kind: ManagerKind, options: ManagerOptions): Promise<ServiceManager> {
  const manager = await openKind(kind, options)
  if (manager !== null) return manager
  throw new MemoryError('failed', `${kind} cannot be reached by this user`, {
    suggestions: ['run it in a session of the user whom the hub belongs to'],
  })
}

async function openKind(kind: ManagerKind, options: ManagerOptions): Promise<ServiceManager | null> {
  switch (kind) {
    case 'launchd':
      return openLaunchd(options)
    case 'systemd':
      return Systemd.open(options)
    case 'supervisor':
      return new SupervisorManager(options)
  }
}

const openLaunchd = async (options: ManagerOptions): Promise<Launchd | null> =>
  findProgram('launchctl', options.env['PATH']) === null ? null : Launchd.open(options)
