import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { placesOf } from '../../../src/install/places.js'
import type { RedisDecision } from '../../../src/install/redis.js'
import { planSettings, withoutSettings } from '../../../src/install/settings.js'
import { makeTempFolder } from '../../support/temp.js'

type Settings = Record<string, unknown>

/** What `redis` of the config file becomes. */
async function settled(now: Settings, decision: RedisDecision): Promise<Settings> {
  const home = await makeTempFolder('ms-st-')
  const places = placesOf({}, home, join(home, '02luka'))
  await mkdir(places.config, { recursive: true })
  await writeFile(join(places.config, 'config.json'), JSON.stringify({ redis: now }))
  const { intents } = await planSettings(places, decision, { HOME: home })
  const file = intents.at(-1)
  if (file?.do !== 'file') throw new Error('no settings are planned')
  return (JSON.parse(file.text.toString()) as { redis: Settings }).redis
}

const MANAGED = { root: '/r', folder: '/f', program: '/bin/redis-server' }
const off: RedisDecision = { got: 'off', why: 'by choice', isMeant: true }
const external = (url: string, password: string | null): RedisDecision => ({ got: 'external', url, password, namespace: null })

test('without Redis the login of the user stays for the day on which it is meant again', async () => {
  const now = { url: 'redis://host:1', password: 'secret', namespace: '{mine}' }
  expect(await settled(now, off)).toEqual({ ...now, enabled: false })
})

test('without the private Redis its login goes, and the namespace stays', async () => {
  const now = { url: 'unix:///f/redis.sock', password: 'generated', namespace: '{mine}', managed: MANAGED }
  expect(await settled(now, off)).toEqual({ enabled: false, namespace: '{mine}' })
})

test('a password stays with its address, unless another one is brought', async () => {
  const now = { url: 'redis://host:1', password: 'secret' }
  expect(await settled(now, external('redis://host:1', null))).toEqual(now)
  expect(await settled(now, external('redis://host:1', 'other'))).toEqual({ ...now, password: 'other' })
})

test('a password is not taken along to another address', async () => {
  const now = { url: 'redis://host:1', password: 'secret', namespace: '{mine}' }
  expect(await settled(now, external('redis://host:2', null))).toEqual({ url: 'redis://host:2', namespace: '{mine}' })
})

test.each<[string, string, string, string]>([
  ['goes with them where there was none before', '{\n  "log": 1\n}\n', '{\n  "log": 2,\n  "redis": {\n    "url": "redis://host:1"\n  }\n}\n', '{\n  "log": 2\n}\n'],
  ['goes from a file that was not there before', '', '{\n  "redis": {\n    "url": "redis://host:1"\n  },\n  "log": 2\n}\n', '{\n  "log": 2\n}\n'],
  ['stays where it was empty before', '{\n  "redis": {}\n}\n', '{\n  "redis": {\n    "url": "redis://host:1"\n  },\n  "log": 2\n}\n', '{\n  "redis": {\n  },\n  "log": 2\n}\n'],
  ['stays with what its owner has put there', '', '{\n  "redis": {\n    "url": "redis://host:1",\n    "namespace": "{mine}"\n  }\n}\n', '{\n  "redis": {\n    "namespace": "{mine}"\n  }\n}\n'],
])('of settings that are taken out of a file that was edited since, the object around them %s', (_, before, now, after) => {
  expect(withoutSettings(now, '{"redis":{"url":"redis://host:1"}}', before)).toBe(after)
})

test('a home whose path has a newline, quotes and backslashes is named in one line of the file of the private Redis', async () => {
  const home = await makeTempFolder('ms-st-')
  const { intents } = await planSettings(placesOf({}, join(home, 'a\nb"c\\d\u0085'), join(home, 'r')), { got: 'managed', program: '/bin/redis-server', before: null }, { HOME: home })
  const conf = intents.flatMap((intent) => (intent.do === 'file' && intent.path.endsWith('redis.conf') ? [intent.text.toString()] : []))[0] ?? ''
  expect(conf.split('\n').find((line) => line.startsWith('dir '))).toContain(`dir "${home}/a\\x0ab\\"c\\\\d\\xc2\\x85/`)
})
