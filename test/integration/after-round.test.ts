import { expect, test } from 'vitest'
import type { Feed } from '../../src/core/feed.js'
import { HubRounds } from '../../src/core/hub-rounds.js'
import type { Ports } from '../../src/core/ports.js'
import { systemClock } from '../../src/platform/clock.js'
import { randomHex, sha256 } from '../../src/platform/digests.js'
import { rootFilesOf } from '../../src/memory/engine.js'
import { fileStoreOf } from '../../src/store/file/file-store.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'

const feed = { take: () => undefined, wake: () => undefined } as unknown as Feed

test('what fails after a round is told once, and the round counts', async () => {
  const root = rootFilesOf(await makeTempFolder())
  const told: string[] = []
  const connector = { configured: 'off' as const, connect: () => Promise.resolve(null), reason: null, url: null, namespace: 'memory', close: () => Promise.resolve() }
  const ports: Ports = {
    ...{ root, lock: root.lock, clock: systemClock, connector, randomId: () => randomHex(16), digest: sha256, fileStore: fileStoreOf(root, systemClock) },
    tell: (level, text) => told.push(`${level} ${text}`),
  }
  let rounds = 0
  const hub = new HubRounds(ports, () => feed, () => Promise.reject(new Error(++rounds < 4 ? 'out of order' : 'worse')))
  afterwards(() => hub.stop())
  await hub.start()
  for (let before = rounds; rounds < 5; before = rounds) {
    hub.poke()
    await eventually(() => rounds > before)
  }
  expect(told).toEqual(['error what follows a round failed: out of order', 'error what follows a round failed: worse'])
})
