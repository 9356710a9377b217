/** Schemas of what comes from outside: the small zod, of which a bundle takes only what is used, with the messages that it leaves out. */
import { en } from 'zod/locales'
import { config, core, never } from 'zod/mini'

config(en())

export * from 'zod/mini'

/**
 * As strictObject, with a validator that is compiled when it is first used: it takes less than half of the time, which pays for what is
 * checked again and again. Without the methods of the small zod.
 */
export const compiledObject = <T extends core.$ZodShape>(shape: T): core.$ZodObject<T, core.$strict> =>
  new core.$ZodObjectJIT({ type: 'object', shape, catchall: never() }) as core.$ZodObject<T, core.$strict>
