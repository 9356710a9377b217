/** A hot verb performed by this process, without the framework. */
import { performVerb } from '../verbs/perform.js'
import type { Printed } from '../verbs/printed.js'
import type { SimpleCall } from '../verbs/simple-form.js'
import type { HandedOver } from './handed-over.js'
import { openWorld } from './world.js'

export const performHere = ({ verb, call }: SimpleCall, handedOver: HandedOver): Promise<Printed> =>
  performVerb(verb, call, () => openWorld(call, handedOver))
