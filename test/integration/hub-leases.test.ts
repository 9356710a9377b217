import { expect, test } from 'vitest'
import type { HubConnection } from '../../src/client/connection.js'
import type { HubClient } from '../../src/client/hub-client.js'
import { noLeases } from '../support/no-leases.js'
import { eventually } from '../support/eventually.js'
import { serve } from './fixtures/serve.js'

const connectionOf = (client: HubClient): HubConnection => (client as unknown as { connection: HubConnection }).connection

test('a grant that was waited for, and is read late, counts from before the hub sent it, and from after the last ping that was answered', async () => {
  const { engine, client: newClient } = await serve()
  const client = await newClient(200)
  const connection = connectionOf(client)
  const began = performance.now()
  let sentAt = 0
  engine.leases = {
    ...noLeases,
    acquire: async () => {
      await eventually(() => connection.provenAt > began)
      connection.pause()
      sentAt = performance.now()
      return { is: 'granted', fence: 7, leftMs: 5_000, again: false, ttlMs: 6_000, asOf: sentAt - 1_000 }
    },
  }
  const acquiring = client.leases.acquire({ id: 'a', name: 'x', token: 't', holder: 'h', reason: '', ttlMs: 6_000, waitMs: 60_000 })
  await eventually(() => sentAt > 0 && performance.now() > sentAt + 50)
  connection.resume()
  const { asOf, ...outcome } = (await acquiring) as { asOf: number }
  expect(outcome).toEqual({ is: 'granted', fence: 7, leftMs: 5_000, again: false, ttlMs: 6_000 })
  expect(asOf).toBeLessThanOrEqual(sentAt - 1_000)
  expect(asOf).toBeGreaterThan(began - 1_000)
})
