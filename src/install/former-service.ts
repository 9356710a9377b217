/** The service of the same label that was there before us. */
import { messageOf } from '../errors/errors.js'
import type { ServiceManager } from '../service/service.js'
import type { ServiceEntry } from './record.js'

/** To be called when our definition is gone, or is again what it was before us. Never throws: what is not so is said. */
export async function settleService(
  manager: ServiceManager,
  { label, ranBefore }: Pick<ServiceEntry, 'label' | 'ranBefore'>,
  say: (text: string) => void,
): Promise<void> {
  await manager.forget(label).catch((error: unknown) => {
    say(`${manager.name}: ${messageOf(error)}`)
  })
  if (!ranBefore) return
  await manager.start(label).then(
    () => {
      say(`the service ${label} that was there before is loaded again`)
    },
    (error: unknown) => {
      say(`the service ${label} that was there before cannot be loaded again: ${messageOf(error)}`)
    },
  )
}
