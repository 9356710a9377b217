/** Flags of every command: which root, and which Redis. */
import { storeFlagShapes } from '../verbs/shapes.js'
import { oclifOption } from './shape.js'

export const storeFlags = {
  root: oclifOption(storeFlagShapes.root, 'GLOBAL'),
  'redis-url': oclifOption(storeFlagShapes['redis-url'], 'GLOBAL'),
  'redis-password-file': oclifOption(storeFlagShapes['redis-password-file'], 'GLOBAL'),
}

export interface StoreFlags {
  root?: string | undefined
  'redis-url'?: string | undefined
  'redis-password-file'?: string | undefined
}
