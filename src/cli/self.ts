/** A hot verb performed by this process, without the framework. */
import { performVerb } from '../verbs/perform.js'
import { type Printed, printedFailure } from '../verbs/printed.js'
import type { SimpleCall } from '../verbs/simple-form.js'
import { refuseBrokenBytes } from './argument-bytes.js'
import type { HandedOver } from './handed-over.js'
import { openWorld } from './world.js'

export const performHere = ({ verb, call }: SimpleCall, handedOver: HandedOver): Promise<Printed> =>
  performVerb(verb, call, () => openWorld(call, handedOver))

/** What is printed where the command line is not what was typed; null: it is. */
export function refusal(argv: readonly string[]): Printed | null {
  try {
    refuseBrokenBytes(argv)
    return null
  } catch (error) {
    return printedFailure(error, { json: argv.includes('--json') })
  }
}
