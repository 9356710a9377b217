import { mkdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readConfig } from '../../../src/config/file.js'
import { makeTempFolder } from '../../support/temp.js'

test.each([
  ['{"mine":1}', 'cannot be used: Unrecognized key: "mine"'],
  ['{"lock":{"strict":1}}', 'cannot be used: lock.strict: '],
  ['{', 'cannot be used: it is not JSON: '],
])('a config file with %s is refused, with the place and the reason', async (text, why) => {
  const folder = await makeTempFolder()
  await mkdir(`${folder}/memory_sync`)
  await writeFile(`${folder}/memory_sync/config.json`, text)
  await expect(readConfig({ XDG_CONFIG_HOME: folder })).rejects.toThrow(`${folder}/memory_sync/config.json ${why}`)
})

test.each([
  ['{"task":{}}', ['there may be: redis, tasks, lock']],
  ['{"lock":{"strickt":true}}', ['there may be: strict, maxTtlSeconds']],
  ['{"redis":{"managed":{"root":"","folder":"","program":"","x":1}}}', []],
  ['{"lock":{"strict":1}}', []],
])('for a name that is no setting in %s, those that are there are told', async (text, told) => {
  const folder = await makeTempFolder()
  await mkdir(`${folder}/memory_sync`)
  await writeFile(`${folder}/memory_sync/config.json`, text)
  await expect(readConfig({ XDG_CONFIG_HOME: folder })).rejects.toMatchObject({ suggestions: [...told, 'mend it, or move it away'] })
})
