import { mkdir, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { secretsOf } from '../../../src/memory/facts/secret-facts.js'
import { makeTempFolder } from '../../support/temp.js'

it.each([
  ['{}', false],
  ['{"redis": {"password": ""}}', false],
  ['{"redis": {"password": "open sesame"}}', true],
  ['{"redis": {"url": "redis://localhost"}}', false],
  ['{"redis": {"url": "redis://:open-sesame@localhost"}}', true],
  ['{"redis": {"url": "unix://app:open-sesame@/run/redis.sock"}}', true],
  ['{"redis": {"url": "unix://app@/run/redis.sock"}}', false],
])('a config file that others can read, %s: it holds a secret: %s', async (text, holdsSecret) => {
  const home = await makeTempFolder()
  const path = `${home}/.config/memory_sync/config.json`
  await mkdir(`${home}/.config/memory_sync`, { recursive: true })
  await writeFile(path, text, { mode: 0o644 })
  expect(await secretsOf({ HOME: home }, [])).toEqual(holdsSecret ? { open: [path] } : null)
})
