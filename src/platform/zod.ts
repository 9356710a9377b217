/** Schemas of what comes from outside: the small zod, of which a bundle takes only what is used, with the messages that it leaves out. */
import { en } from 'zod/locales'
import { config } from 'zod/mini'

config(en())

export * from 'zod/mini'
