import { getEventListeners } from 'node:events'
import net from 'node:net'
import { expect, test } from 'vitest'
import { callHub } from '../../../src/client/call.js'
import { HubConnection, HubGone } from '../../../src/client/connection.js'

test('a call over a connection that is gone leaves nothing behind that an abort would wake', async () => {
  const connection = new HubConnection(new net.Socket())
  connection.close()
  const end = new AbortController()
  const call = callHub(connection, 'status', {}, { budgetMs: 100, answerMs: 100, signal: end.signal })
  await expect(call).rejects.toBeInstanceOf(HubGone)
  expect(getEventListeners(end.signal, 'abort')).toEqual([])
  end.abort()
})
