import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { freePortOf } from '../../../src/platform/free-port.js'
import { afterwards } from '../../support/cleanup.js'

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  afterwards(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on no port')
  return { server, port: address.port }
}

test('a port on which somebody listens is passed over', async () => {
  const [first, second, gone] = [await listening(), await listening(), await listening()]
  gone.server.close()
  await once(gone.server, 'close')
  expect(await freePortOf([first.port, second.port, gone.port])).toBe(gone.port)
  expect(await freePortOf([first.port, second.port])).toBeNull()
})
