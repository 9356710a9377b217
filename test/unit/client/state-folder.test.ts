import { mkdirSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { registerHub } from '../../../src/client/hub-registry.js'
import { prepareSocketPlace } from '../../../src/hub/socket-file.js'
import { systemProcesses } from '../../../src/platform/processes.js'
import { makeTempFolder } from '../../support/temp.js'

test.each([
  ['who registers as the hub', (root: string) => Promise.resolve(registerHub(root, systemProcesses.owner()))],
  ['who prepares the place of its socket', prepareSocketPlace],
])('%s closes our own folder to others, and none above it', async (_, make) => {
  const root = await makeTempFolder()
  await make(root)
  const modeOf = (name: string): number => statSync(`${root}/${name}`).mode & 0o777
  mkdirSync(`${root}/as-usual`)
  expect(modeOf('shared_memory')).toBe(modeOf('as-usual'))
  expect(modeOf('shared_memory/.memory_sync')).toBe(0o700)
})
