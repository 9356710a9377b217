/** What an engine may do wrong without taking the hub, or another client, with it. */
import { expect, test } from 'vitest'
import { MemoryError } from '../../src/errors/errors.js'
import { eventually } from '../support/eventually.js'
import { aWrite } from './fixtures/fake-engine.js'
import { serve } from './fixtures/serve.js'

const circle: Record<string, unknown> = {}
circle['circle'] = circle

test.each([
  ['a circle', circle],
  ['a BigInt', { n: 1n }],
])('an error with %s in its details is told to its client, and the hub goes on', async (_, details) => {
  const { engine, client: newClient } = await serve()
  const client = await newClient()
  engine.beforeWrite = () => Promise.reject(new MemoryError('conflict', 'refused', { details }))
  await expect(client.write(aWrite())).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('cannot be sent') })
  engine.beforeWrite = () => undefined
  expect(await client.write(aWrite())).toMatchObject({ ok: true })
})

test('a watch that ends by throwing its abort is no bug in the log, and one that fails of itself is', async () => {
  const { engine, lines, client: newClient } = await serve()
  let fail: (error: Error) => void = () => undefined
  let ended = 0
  engine.watch = async function* ({ signal }) {
    yield { is: 'ready', rev: 0, cursor: '0' }
    await new Promise((_, reject) => {
      fail = reject
      signal.addEventListener('abort', () => {
        ended++
        reject(new Error('aborted'))
      })
    })
  }
  const client = await newClient()
  const abort = new AbortController()
  for await (const notice of client.watch({ signal: abort.signal })) if (notice.is === 'ready') abort.abort()
  await eventually(() => ended === 1)
  expect(await client.write(aWrite())).toMatchObject({ ok: true })
  expect(lines).toEqual([])

  const notices = client.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
  await notices.next()
  fail(new Error('out of order'))
  await expect(notices.next()).rejects.toMatchObject({ code: 'internal', message: 'out of order' })
  expect(lines.join('\n')).toMatch(/ERROR a bug in the hub: .*out of order/)
})
