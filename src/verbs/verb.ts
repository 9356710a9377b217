/** What a verb does once its call was understood: the same in a command, in a process past oclif, and in the hub. */
import type { Receipt } from '../usecases/receipt.js'
import type { RootFiles, Surroundings } from '../usecases/surroundings.js'
import type { VerbCall } from './shape.js'

/** The world of the caller. Whoever runs a verb for another process gives it that one's. */
export interface World {
  surroundings: Surroundings
  rootFiles: RootFiles
  /** What an argument stands for: itself, standard input (`-`), or with `files` a file (`@path`). */
  textOf: (name: string, argument: string, options?: { files?: boolean }) => Promise<string>
}

/** The text that goes to stdout, or a receipt, with what is to be said beside it. */
export type Done = { text: string } | { receipt: Receipt; warnings: readonly string[] }

export interface Verb {
  /** Comes before the message of an error in its human form. */
  readonly errorPrefix?: string
  /** Whether stdin or a file of the caller is needed, which nobody else can read. */
  needsCaller?: (call: VerbCall) => boolean
  /** The folder that the verb would have to make first, with the caller's file mode mask. */
  folderOf?: (call: VerbCall, root: string) => string | undefined
  /** Throws MemoryError. */
  perform(call: VerbCall, world: World): Promise<Done>
}
