/** What is to be on the disk: decided before anything is changed, so that a dry run shows just what would be done. */
import type { Part } from './record.js'
import type { TreeFile } from './tree.js'

export type Intent =
  | { do: 'folder'; path: string; mode: number }
  | { do: 'file'; path: string; text: string | Buffer; mode: number; part: Part }
  | { do: 'link'; path: string; target: string }
  | { do: 'tree'; path: string; files: readonly TreeFile[] }
  /** A file or tree of an earlier version of ours. */
  | { do: 'remove'; path: string }

export interface Step {
  name: string
  /** For people: what it is for. */
  title: string
  intents: readonly Intent[]
  /**
   * Places where nobody but an installation of ours puts anything. What is there and not in the record is of one whose record is gone: it is
   * taken over, and a rollback takes it away.
   */
  ours?: readonly string[]
  /** Worth saying, whether anything changes or not. */
  notes?: readonly string[]
}
