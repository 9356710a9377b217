/** What the fast client hands over to this process, as private arguments before the verb. */

/** A write that the client sent to a hub which did not answer in time: it carries the same id here, and is done once. */
const OPERATION = '--memory-sync-operation='
/** The hub did not answer just now, and is not asked again. */
const PAST_HUB = '--memory-sync-past-hub'
/** The name under which the drop-in script was called, for its usage line. */
const DROP_IN = '--memory-sync-drop-in='

export interface HandedOver {
  operationId?: string
  pastHub?: true
  dropIn?: string
}

const handedOver: HandedOver = {}

/** Takes the private arguments off, and keeps them for this process. */
export function takeHandedOver(argv: readonly string[]): string[] {
  const rest = [...argv]
  for (let first = rest[0]; first !== undefined; first = rest[0]) {
    if (first.startsWith(OPERATION)) handedOver.operationId = first.slice(OPERATION.length)
    else if (first === PAST_HUB) handedOver.pastHub = true
    else if (first.startsWith(DROP_IN)) handedOver.dropIn = first.slice(DROP_IN.length)
    else break
    rest.shift()
  }
  return rest
}

export const whatWasHandedOver = (): HandedOver => handedOver
