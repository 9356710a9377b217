/** A verb from its call to what is printed and the exit code. */
import { get } from './get.js'
import { type Printed, printedFailure, printedReceipt } from './printed.js'
import { record } from './record.js'
import { set } from './set.js'
import type { VerbCall } from './shape.js'
import type { HotVerb } from './shapes.js'
import { update } from './update.js'
import type { Verb, World } from './verb.js'

export const verbs: Readonly<Record<HotVerb, Verb>> = { get, set, update, record }

/** Never rejects. `open` is called once, and what it opened is closed; an error anywhere is printed like any other. */
export async function performVerb(
  name: HotVerb,
  call: VerbCall,
  open: () => Promise<World & { close(): Promise<void> }>,
): Promise<Printed> {
  const verb = verbs[name]
  try {
    const world = await open()
    try {
      const done = await verb.perform(call, world)
      return 'text' in done ? { code: 0, stdout: done.text, stderr: '' } : printedReceipt(done.receipt, done.warnings, call.json)
    } finally {
      await world.close()
    }
  } catch (error) {
    return printedFailure(error, { json: call.json, prefix: verb.errorPrefix })
  }
}
