/** A connection that hears of changes: what is published, and which records were written past us. */
import type { Redis } from 'ioredis'
import { StoreUnavailable } from '../../errors/errors.js'
import type { StoreListener } from '../contract.js'
import type { FullConnection } from './connection.js'
import { revisionOfEvent } from './event.js'
import type { Keys } from './keys.js'

const INVALIDATIONS = '__redis__:invalidate'
/** A connection that something between here and there has forgotten is as silent as one on which nothing happens. */
const PROBE_MS = 30_000

/** Hears until the returned function is called, or `lost` is: when the connection breaks, or the server does not answer on it. */
export async function listenOn(connection: FullConnection, keys: Keys, on: StoreListener, probeMs = PROBE_MS): Promise<() => Promise<void>> {
  let stopped = false
  connection.onEnd(() => {
    if (!stopped) on.lost()
  })
  const stop = (): Promise<void> => {
    stopped = true
    return connection.close()
  }
  try {
    await connection.call(async (client) => {
      await track(client, keys)
      await client.publish(keys.probe, '') // who may not does not hear of his own changes either: he has to look for them
      await subscribe(client, [keys.updates, INVALIDATIONS], (channel, payload) => {
        if (channel === INVALIDATIONS) tellTouched(payload, keys, on)
        else tellPublished(payload, on)
      })
    })
  } catch (error) {
    await stop()
    throw error
  }
  if (!connection.isOpen) throw new StoreUnavailable(`the connection to Redis at ${connection.label} broke`, false)
  // The call gives up a connection without an answer.
  const probing = setInterval(() => void connection.call((client) => client.ping()).catch(() => undefined), probeMs).unref()
  connection.onEnd(() => {
    clearInterval(probing)
  })
  return stop
}

/** The connection tells itself what is invalid: with protocol 2 it may do nothing else once it has subscribed. */
async function track(client: Redis, keys: Keys): Promise<void> {
  const id = await client.client('ID')
  await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', keys.agentPrefix, 'PREFIX', keys.taskPrefix)
}

/** From then on the server says what it likes on this connection, whenever it likes. */
export async function subscribe(client: Redis, channels: string[], heard: (channel: string, payload: unknown) => void): Promise<void> {
  client.on('messageBuffer', (channel: Buffer, payload: unknown) => {
    heard(channel.toString(), payload)
  })
  await client.subscribe(...channels)
}

function tellTouched(payload: unknown, keys: Keys, on: StoreListener): void {
  if (!Array.isArray(payload)) {
    on.changed() // everything was flushed
    return
  }
  for (const key of payload) {
    const target = keys.targetOf(String(key))
    if (target !== undefined) on.touched(target)
  }
}

function tellPublished(payload: unknown, on: StoreListener): void {
  const text = String(payload)
  const rev = revisionOfEvent(text)
  on.published?.(text, rev)
  on.changed(rev)
}
