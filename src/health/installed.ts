/** What health knows of an installation: what was put where, as its record says, and what stands there now. */
import type { ServiceState } from '../service/service.js'

export interface PieceFact {
  path: string
  /** `changed`: somebody else's by now; `not-executable`: its content is ours, and nobody can call it. */
  is: 'ours' | 'gone' | 'changed' | 'not-executable'
}

/** `unfit`: it is older than the program needs, or no Node. */
export type NodeState = 'fit' | 'unfit' | 'gone'

export interface DispatcherFact {
  path: string
  /** `old`: a block of another version, or changed by hand. */
  block: 'in-place' | 'none' | 'damaged' | 'old'
}

export interface InstalledFact {
  /** Whether the installer came to its end. `under-way`: one is at it now. */
  state: 'finished' | 'unfinished' | 'under-way' | 'unreadable'
  /** Why its record cannot be read. */
  reason?: string
  version: string
  /** Tree of the program, and the link to it. */
  program: readonly PieceFact[]
  /** Hooks, scripts, and the Python module. */
  hooks: readonly PieceFact[]
  /** What is called by its name; `before`: another program of that name comes first on the PATH. null: none is installed. */
  command: { path: string; isOnPath: boolean; before: string | null } | null
  aliases: readonly (PieceFact & { target: string })[]
  /** Scripts and service definitions, and the Node that was written into them. */
  nodes: readonly { path: string; node: string; is: NodeState }[]
  dispatchers: readonly DispatcherFact[]
  /** The last order that a dispatcher says it sent off since the installation; null: none. */
  lastOrder: { id: string; isRecorded: boolean } | null
  /** Files with secrets, or about to hold some. */
  secrets: readonly string[]
  /** null: without a service. `definition`: what its manager reads. `reason`: why the manager cannot be asked. */
  service: { label: string; manager: string; definition: readonly PieceFact[]; state: ServiceState | { is: 'unknown'; reason: string } } | null
}
