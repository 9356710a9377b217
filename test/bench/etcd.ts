/** A private etcd, where it is installed, talked to over its HTTP gateway: that needs no package. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'
import { which } from './support.js'

export interface Etcd {
  url: string
  put: (key: string, value: string) => Promise<void>
  /** Keys with this prefix, or (`exact`) this key. */
  count: (key: string, exact?: boolean) => Promise<number>
  /** Resolves when it is watched; what it returns waits for the next change. */
  watch: (key: string) => Promise<() => Promise<void>>
}

/** null: it is not installed. */
export async function startEtcd(): Promise<Etcd | null> {
  if (which('etcd') === null || which('etcdctl') === null) return null
  const folder = await makeTempFolder()
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
  const own = ['--name', 'bench', '--initial-cluster', `bench=${peer}`, '--initial-advertise-peer-urls', peer]
  const listen = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer]
  const child = spawn('etcd', ['--data-dir', `${folder}/data`, ...own, ...listen], { stdio: 'ignore' })
  afterwards(() => void child.kill('SIGKILL'))
  const call = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const reply = await fetch(`${client}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await reply.json()) as Record<string, unknown>
  }
  await eventually(() => call('kv/range', { key: base64('x') }), { timeoutMs: 20_000, what: 'an answer of etcd' })
  return {
    url: client,
    put: async (key, value) => void (await call('kv/put', { key: base64(key), value: base64(value) })),
    count: async (key, exact = false) => {
      const range = exact ? {} : { range_end: base64(key.slice(0, -1) + String.fromCharCode(key.charCodeAt(key.length - 1) + 1)) }
      return Number((await call('kv/range', { key: base64(key), count_only: true, ...range }))['count'] ?? 0)
    },
    watch: (key) => watch(client, key),
  }
}

async function watch(url: string, key: string): Promise<() => Promise<void>> {
  const reply = await fetch(`${url}/v3/watch`, { method: 'POST', body: JSON.stringify({ create_request: { key: base64(key) } }) })
  const reader = reply.body!.getReader()
  await reader.read() // it is created
  return async () => void (await reader.read())
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
