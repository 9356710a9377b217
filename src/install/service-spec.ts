/** The hub as the service manager is told of it. */
import fs from 'node:fs'
import type { Environment } from '../config/root.js'
import type { ServiceManager, ServiceSpec } from '../service/service.js'
import { nodeInDefinition } from '../service/written-node.js'
import type { Intent, Step } from './intent.js'
import { launcherOf, logFile, type Places } from './places.js'

/** Where programs are found that the hub starts; a service gets next to nothing from its manager. */
const PATH = '/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'
/** What decides where things are. Never what may hold a secret: everybody may read a definition. */
const PASSED_ON = ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'TZ', 'LANG'] as const

export interface SpecOptions {
  places: Places
  label: string
  env: Environment
  /** Of Node. */
  nodePath: string
}

export function serviceSpec({ places, label, env, nodePath }: SpecOptions): ServiceSpec {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = env[name]
    return value === undefined || value === '' ? [] : [[name, value]]
  })
  return {
    label,
    program: [launcherOf(places), nodePath],
    args: ['hub'],
    environment: {
      HOME: places.home,
      PATH,
      MEMORY_SYNC_ROOT: places.root,
      ...(Object.fromEntries(passedOn) as Record<string, string>),
    },
    directory: places.root,
    stdout: logFile(places, 'out'),
    stderr: logFile(places, 'err'),
  }
}

/** Whether a definition of ours is there, of this version or another. */
export const isOurs = (manager: ServiceManager, spec: ServiceSpec): boolean =>
  manager.definition(spec).files.some(({ path }) => nodeInDefinition(textOf(path)) !== null)

const textOf = (path: string): string => (fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '')

export function planService(manager: ServiceManager, spec: ServiceSpec, logs: string): Step {
  const { files, links } = manager.definition(spec)
  return {
    name: 'service',
    title: `Service ${spec.label}: ${manager.name}`,
    ours: isOurs(manager, spec) ? [...files, ...links].map(({ path }) => path) : [],
    intents: [
      { do: 'folder', path: logs, mode: 0o755 },
      ...files.map((file): Intent => ({ do: 'file', part: 'whole', ...file })),
      ...links.map((link): Intent => ({ do: 'link', ...link })),
    ],
    notes: manager.notes,
  }
}
