import {afterAll} from 'vitest'
import {runCleanups} from './cleanup.js'

// A developer's own settings must not decide what the tests see, nor tests reach the developer's Redis or config.
for (const name of Object.keys(process.env)) {
  if (/^(MEMORY_SYNC_(?!TEST_)|REDIS_|LUKA_SOT$|NO_COLOR$|FORCE_COLOR$)/.test(name)) delete process.env[name]
}

afterAll(runCleanups)
