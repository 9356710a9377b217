import { mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { configPath, readConfig } from '../../../src/config/file.js'
import { makeTempFolder } from '../../support/temp.js'

test.each([
  [{ XDG_CONFIG_HOME: '/x', HOME: '/h' }, '/x'],
  [{ XDG_CONFIG_HOME: 'x', HOME: '/h' }, '/h/.config'],
  [{ XDG_CONFIG_HOME: '', HOME: '' }, `${userInfo().homedir}/.config`],
  [{}, `${userInfo().homedir}/.config`],
])('with %j the config file is in %s', (env, folder) => {
  expect(configPath(env)).toBe(`${folder}/memory_sync/config.json`)
})

test.each([
  ['{"mine":1}', 'cannot be used: Unrecognized key: "mine"'],
  ['{"lock":{"strict":1}}', 'cannot be used: lock.strict: '],
  ['{"redis":{"url":""}}', 'cannot be used: redis.url: '],
  ['{"redis":{"namespace":""}}', 'cannot be used: redis.namespace: '],
  ['{"tasks":{"file":""}}', 'cannot be used: tasks.file: '],
  ['{"tasks":{"guards":{"claim":""}}}', 'cannot be used: tasks.guards.claim: '],
  ['{"lock":{"maxTtlSeconds":901}}', 'cannot be used: lock.maxTtlSeconds: '],
  ['{"tasks":{"guardSeconds":604801}}', 'cannot be used: tasks.guardSeconds: Too big: expected number to be <=604800'],
  ['{"tasks":{"guardSeconds":0}}', 'cannot be used: tasks.guardSeconds: '],
  ['{"tasks":{"ttlSeconds":1e13}}', 'cannot be used: tasks.ttlSeconds: Too big: expected number to be <=604800'],
  ['{', 'cannot be used: it is not JSON (line 1, column 2)'],
  ['{"redis": {"enabled": false},\n "redis": {"namespace": "mine"}}', 'cannot be used: the key "redis" stands twice in one object'],
])('a config file with %s is refused, with the place and the reason', async (text, why) => {
  const folder = await makeTempFolder()
  await mkdir(`${folder}/memory_sync`)
  await writeFile(`${folder}/memory_sync/config.json`, text)
  await expect(readConfig({ XDG_CONFIG_HOME: folder })).rejects.toThrow(`${folder}/memory_sync/config.json ${why}`)
})

test.each([
  ['{\n  "redis": {\n    "password": s3cret\n  }\n}', 'line 3, column 17'],
  ['{"redis": {"password": "s3cret", }}', 'line 1, column 34'],
  ['{"redis": {"password": "s3cret}}', 'line 1, column 24'],
  ['\uFEFF{"redis": {"password": "s3cret"}}', 'line 1, column 1'],
])('of a config file that is no JSON, %j, the place is told, and nothing that stands there', async (text, place) => {
  const folder = await makeTempFolder()
  await mkdir(`${folder}/memory_sync`)
  await writeFile(`${folder}/memory_sync/config.json`, text)
  const error: unknown = await readConfig({ XDG_CONFIG_HOME: folder }).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'config', message: `the config file ${folder}/memory_sync/config.json cannot be used: it is not JSON (${place})` })
  expect(inspect(error)).not.toContain('s3cret')
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
