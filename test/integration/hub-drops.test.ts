import { execFileSync } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { WriteRequest } from '../../src/core/memory.js'
import { formatLine } from '../../src/domain/json.js'
import { StoreUnavailable } from '../../src/errors/errors.js'
import { bridgeOf, type Bridge } from '../../src/usecases/bridge.js'
import { DropBox, type DropBoxOptions } from '../../src/hub/drop-box.js'
import { Housekeeping } from '../../src/hub/housekeeping.js'
import { createLog } from '../../src/hub/log.js'
import { spoolFolderOf } from '../../src/client/socket-path.js'
import { SpoolBox } from '../../src/hub/spool-box.js'
import { systemClock } from '../../src/platform/clock.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { makeTempFolder } from '../support/temp.js'
import { FakeEngine } from './fixtures/fake-engine.js'

interface Box {
  bridge: Bridge
  engine: FakeEngine
  lines: string[]
  box: DropBox
  drop(name: string, text: string | Buffer): void
  /** Contexts that were written, without the times: agent, then what was set. */
  written(): string[]
}

async function dropBox(options: Partial<DropBoxOptions> = {}, root?: string): Promise<Box> {
  const at = root ?? (await makeTempFolder('msr-'))
  const bridge = bridgeOf(at)
  mkdirSync(bridge.inbox, { recursive: true })
  const engine = new FakeEngine(at)
  const lines: string[] = []
  const log = createLog((line) => lines.push(line), systemClock)
  const box = new DropBox({ root: at, memory: engine, log, clock: systemClock, momentMs: 20, patienceMs: 200, rescanMs: 60_000, ...options })
  await box.start()
  afterwards(() => box.stop())
  return {
    bridge,
    engine,
    lines,
    box,
    drop: (name, text) => {
      writeFileSync(path.join(bridge.inbox, name), text)
    },
    written: () => engine.requests.map(({ request }) => contentOf(request)),
  }
}

const contentOf = ({ target, edits }: WriteRequest): string =>
  `${target} ${edits.flatMap((edit) => (edit.do === 'set' && edit.path.startsWith('/context') ? [`${edit.path}=${edit.value}`] : [])).join(' ')}`

test('drops are written, moved, and told; each under its agent', async () => {
  const { bridge, engine, drop, written } = await dropBox()
  drop('gc_context_1762909092.json', '{\n  "test": "from gc",\n  "n": 1.10\n}')
  drop('mary_result_1762909414.json', '{"result":"success"}')
  await eventually(() => readdirSync(bridge.processed).length === 2 && engine.published.length === 2)
  expect(written().sort()).toEqual(['agent:gc /context/test="from gc" /context/n=1.10', 'agent:mary /context/result/result="success"'])
  expect(engine.published.map(formatLine)).toContain('{"event":"new_data","agent":"gc","file":"gc_context_1762909092.json"}')
  expect(readdirSync(bridge.inbox)).toEqual([])
})

test('what lay in the inbox before the hub came is taken in the order in which it was dropped', async () => {
  const root = await makeTempFolder('msr-')
  const { inbox, processed } = bridgeOf(root)
  mkdirSync(inbox, { recursive: true })
  for (const [name, n] of [['gc_context_1762909093.json', 2], ['gc_context_1762909092000.json', 1], ['gc_context_999.json', 0]] as const) {
    writeFileSync(path.join(inbox, name), `{"n":${n}}`)
  }
  const { written } = await dropBox({}, root)
  await eventually(() => existsSync(processed) && readdirSync(processed).length === 3)
  expect(written()).toEqual([0, 1, 2].map((n) => `agent:gc /context/n=${n}`))
})

test('a hub that died after the write and before the move writes the same key again', async () => {
  const { bridge, engine, drop } = await dropBox()
  const handled = path.join(bridge.processed, 'gc_context_5.json')
  drop('gc_context_5.json', '{"a":1}')
  await eventually(() => existsSync(handled))
  renameSync(handled, path.join(bridge.inbox, 'gc_context_5.json'))
  await eventually(() => engine.requests.length === 2 && existsSync(handled))
  const [first, second] = engine.requests
  expect(first?.request.idempotencyKey).toMatch(/^drop:gc_context_5\.json:[0-9a-f]{64}$/)
  expect(second?.request.idempotencyKey).toBe(first?.request.idempotencyKey)
  expect(engine.changes).toHaveLength(1)
})

test('an engine that knows the key with other times calls it another payload: the drop was taken', async () => {
  const { bridge, engine, drop, lines } = await dropBox()
  engine.outcome = { ok: false, reason: 'other-payload' }
  drop('gc_context_5.json', '{"a":1}')
  await eventually(() => existsSync(path.join(bridge.processed, 'gc_context_5.json')))
  expect(lines).toEqual([])
})

test('the same name with other content is another drop, and overwrites nothing', async () => {
  const { bridge, drop, written } = await dropBox()
  for (const n of [1, 2, 3]) {
    drop('gc_context_5.json', `{"n":${n}}`)
    await eventually(() => existsSync(bridge.processed) && readdirSync(bridge.processed).length === n)
  }
  expect(written()).toEqual([1, 2, 3].map((n) => `agent:gc /context/n=${n}`))
  expect(readdirSync(bridge.processed).sort()).toEqual(['gc_context_5.2.json', 'gc_context_5.3.json', 'gc_context_5.json'])
})

test('a drop that replaces another one between its reading and its moving is written too', async () => {
  const { bridge, engine, drop, written } = await dropBox()
  engine.beforeWrite = () => {
    if (engine.requests.length === 1) drop('gc_context_5.json', '{"n":2}')
  }
  drop('gc_context_5.json', '{"n":1}')
  await eventually(() => engine.requests.length === 2)
  expect(written()).toEqual(['agent:gc /context/n=1', 'agent:gc /context/n=2'])
  await eventually(() => readdirSync(bridge.inbox).length === 0)
})

test('a file that is still being written is left until it is whole', async () => {
  const { bridge, engine, drop, written } = await dropBox({ patienceMs: 60_000 })
  drop('gc_context_5.json', '{"a":')
  drop('mary_result_6.json', '{"ok":true}')
  await eventually(() => engine.requests.length === 1 && readdirSync(bridge.inbox).length === 1)
  expect(readdirSync(bridge.inbox)).toEqual(['gc_context_5.json'])
  appendFileSync(path.join(bridge.inbox, 'gc_context_5.json'), '1}')
  await eventually(() => readdirSync(bridge.inbox).length === 0)
  expect(written()).toEqual(['agent:mary /context/result/ok=true', 'agent:gc /context/a=1'])
})

test('a drop does not overtake an older one of its kind that is still being written', async () => {
  const { bridge, engine, drop, written } = await dropBox({ patienceMs: 60_000 })
  drop('gc_context_5.json', '{"n":')
  drop('gc_context_6.json', '{"n":6}')
  drop('gc_result_7.json', '{"n":7}')
  await eventually(() => engine.requests.length === 1)
  appendFileSync(path.join(bridge.inbox, 'gc_context_5.json'), '5}')
  await eventually(() => readdirSync(bridge.inbox).length === 0)
  expect(written()).toEqual(['agent:gc /context/result/n=7', 'agent:gc /context/n=5', 'agent:gc /context/n=6'])
})

const UNUSABLE: readonly [string, string, string | Buffer, RegExp][] = [
  ['no JSON', 'gc_context_5.json', '{"a":', /no valid JSON/],
  ['nothing', 'gc_context_5.json', '', /no valid JSON/],
  ['bytes that are no text', 'gc_result_5.json', Buffer.from([0x22, 0xff, 0x22]), /no UTF-8/],
  ['a context that is no object', 'gc_context_5.json', '[1]', /JSON object/],
  ['a name without a time', 'gc_context.json', '{}', /its name/],
  ['an agent name that is none', 'current work_context_5.json', '{}', /its name/],
  ['a value over the limit', 'gc_result_5.json', JSON.stringify('x'.repeat(1024 * 1024 + 1)), /1 MiB/],
]
test.each(UNUSABLE)('%s is kept apart and told', async (_, name, text, reason) => {
  const { bridge, engine, lines, drop } = await dropBox()
  drop(name, text)
  await eventually(() => existsSync(bridge.rejected) && readdirSync(bridge.rejected).length === 2 && lines.length === 1)
  expect(readFileSync(path.join(bridge.rejected, name))).toEqual(Buffer.from(text))
  expect(lines.join()).toMatch(reason)
  expect(readFileSync(path.join(bridge.rejected, `${name}.reason`), 'utf8')).toMatch(reason)
  expect(engine.requests).toEqual([])
})

test('a name as long as a file system takes is cut, and everything is told as of others', async () => {
  const { bridge, engine, lines, drop } = await dropBox()
  const bad = `${'é'.repeat(125)}.json`
  const good = `gc_${'r'.repeat(241)}_5.json`
  drop(bad, '{}')
  await eventually(() => existsSync(bridge.rejected) && readdirSync(bridge.rejected).length === 2 && lines.length === 1)
  expect(readdirSync(bridge.rejected).sort()).toEqual([`${'é'.repeat(117)}.json`, `${'é'.repeat(117)}.json.reason`])
  for (const n of [1, 2]) {
    drop(good, `{"n":${n}}`)
    await eventually(() => readdirSync(bridge.inbox).length === 0 && engine.requests.length === n)
  }
  const processed = readdirSync(bridge.processed).filter((name) => name.startsWith('gc_r'))
  expect(processed.sort()).toEqual([expect.stringMatching(/^gc_r+_5\.2\.json$/), expect.stringMatching(/^gc_r+_5\.json$/)])
})

test('what is no drop is left alone: hidden and other files, folders, links, pipes', async () => {
  const { bridge, engine, drop } = await dropBox()
  drop('.gc_context_5.json', '{}')
  drop('gc_context_5.json.tmp', '{}')
  drop('notes.txt', 'x')
  mkdirSync(path.join(bridge.inbox, 'gc_context_6.json'))
  writeFileSync(path.join(bridge.outbox, '..', 'secret'), '{"secret":1}')
  symlinkSync(path.join(bridge.outbox, '..', 'secret'), path.join(bridge.inbox, 'gc_context_7.json'))
  execFileSync('mkfifo', [path.join(bridge.inbox, 'gc_context_8.json')])
  const before = readdirSync(bridge.inbox)
  drop('gc_context_9.json', '{"n":9}')
  await eventually(() => readdirSync(bridge.processed).length === 1)
  expect(readdirSync(bridge.inbox)).toEqual(before)
  expect(engine.requests).toHaveLength(1)
})

test('a drop waits while nothing can take it, is told once, and is taken later', async () => {
  const { bridge, engine, lines, drop } = await dropBox({ rescanMs: 20 })
  engine.beforeWrite = () => {
    throw new StoreUnavailable('the disk is full', false)
  }
  drop('gc_context_5.json', '{"a":1}')
  await eventually(() => engine.requests.length > 3)
  expect(readdirSync(bridge.inbox)).toEqual(['gc_context_5.json'])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/gc_context_5\.json waits: the disk is full/)
  engine.beforeWrite = () => undefined
  await eventually(() => readdirSync(bridge.inbox).length === 0)
  expect(engine.changes).toHaveLength(1)
})

test('an inbox that is taken away and made again is watched again', async () => {
  const { bridge, engine, drop } = await dropBox({ rescanMs: 30 })
  rmSync(bridge.inbox, { recursive: true })
  await eventually(() => existsSync(bridge.inbox))
  drop('gc_context_5.json', '{"a":1}')
  await eventually(() => engine.changes.length === 1)
})

test('100 drops at once are 100 writes', async () => {
  const { bridge, engine, drop } = await dropBox()
  for (let i = 0; i < 100; i++) drop(`a${i}_context_${1762909092 + i}.json`, `{"n":${i}}`)
  await eventually(() => existsSync(bridge.processed) && readdirSync(bridge.processed).length === 100)
  expect(new Set(engine.changes.map((change) => change.target)).size).toBe(100)
})

/** A name that is no UTF-8, where the file system takes one; and the names of all that was made. */
function makeStrays(folder: string, ending: string): string[] {
  const name = (kind: string): string => `${kind}_context_5${ending}`
  mkdirSync(path.join(folder, name('folder')))
  symlinkSync('/nonexistent', path.join(folder, name('link')))
  execFileSync('mkfifo', [path.join(folder, name('pipe'))])
  const made = ['folder', 'link', 'pipe'].map((kind) => `${name(kind)} in the `)
  try {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/gc_\xff`, 'latin1'), Buffer.from(name(''))]), '{}')
  } catch {
    return made // macOS takes no such name
  }
  return [...made, `gc_\uFFFD${name('')} in the `]
}

test('what can be no drop stays where it is, holds nobody up, and is named once', async () => {
  const { bridge, engine, drop, lines, box } = await dropBox({ rescanMs: 20 })
  const strays = makeStrays(bridge.inbox, '.json')
  mkdirSync(path.join(bridge.inbox, 'archive'))
  drop('mary_context_9.json', '{"a":1}')
  await eventually(() => engine.changes.length === 1 && lines.length === strays.length)
  drop('mary_context_10.json', '{"a":2}')
  await eventually(() => engine.changes.length === 2)
  await box.stop()
  for (const stray of strays) expect(lines.filter((line) => line.includes(`${stray}inbox `))).toHaveLength(1)
  expect(lines).toHaveLength(strays.length)
  expect(readdirSync(bridge.inbox)).toHaveLength(strays.length + 1)
})

test('what can be no record of the spool stays where it is, holds nobody up, and is named once', async () => {
  const root = await makeTempFolder('msr-')
  const lines: string[] = []
  mkdirSync(spoolFolderOf(root), { recursive: true })
  const strays = makeStrays(spoolFolderOf(root), '.record')
  const log = createLog((line) => lines.push(line), systemClock)
  const box = new SpoolBox({ root, memory: new FakeEngine(root), log, clock: systemClock, patienceMs: 0, rescanMs: 20 })
  await box.start()
  writeFileSync(path.join(spoolFolderOf(root), 'z.record'), 'no record')
  await eventually(() => existsSync(path.join(spoolFolderOf(root), 'rejected', 'z.record')))
  await box.stop()
  for (const stray of strays) expect(lines.filter((line) => line.includes(`${stray}spool `))).toHaveLength(1)
  expect(lines).toHaveLength(strays.length + 1)
})

test('a record of the spool with a time that no date can be is taken', async () => {
  const root = await makeTempFolder('msr-')
  const lines: string[] = []
  const engine = new FakeEngine(root)
  mkdirSync(spoolFolderOf(root), { recursive: true })
  writeFileSync(path.join(spoolFolderOf(root), 'a.record'), ['memory_sync record 1', 'k', 'mary', 'T-1', 'done', '9000000000000', '{}', 'end', ''].join('\0'))
  const box = new SpoolBox({ root, memory: engine, log: createLog((line) => lines.push(line), systemClock), clock: systemClock, rescanMs: 20 })
  afterwards(() => box.stop())
  await box.start()
  await eventually(() => readdirSync(spoolFolderOf(root)).length === 0 || lines.length > 0)
  expect([lines, engine.requests.map(({ request }) => request.idempotencyKey)]).toEqual([[], ['k']])
})

test('the spool that the hub makes is closed to other users', async () => {
  const root = await makeTempFolder('msr-')
  const log = createLog(() => undefined, systemClock)
  const box = new SpoolBox({ root, memory: new FakeEngine(root), log, clock: systemClock })
  await box.start()
  await eventually(() => existsSync(spoolFolderOf(root)))
  await box.stop()
  expect(statSync(spoolFolderOf(root)).mode & 0o777).toBe(0o700)
})

const DAY_MS = 24 * 60 * 60 * 1000

test('old broadcasts and handled drops go, and nothing else does', async () => {
  const root = await makeTempFolder('msr-')
  const { outbox, processed, rejected } = bridgeOf(root)
  for (const folder of [outbox, rejected]) mkdirSync(folder, { recursive: true })
  const put = (folder: string, name: string, days: number): void => {
    const file = path.join(folder, name)
    writeFileSync(file, '{}')
    const at = (Date.now() - days * DAY_MS) / 1000
    utimesSync(file, at, at)
  }
  mkdirSync(path.join(root, 'shared_memory/.memory_sync'), { recursive: true })
  put(path.join(root, 'shared_memory/.memory_sync'), 'root-id', 20)
  put(outbox, '0_legacy_broadcast.json', 21)
  put(processed, 'gc_context_4.json', 21)
  for (const [name, days] of [['1_broadcast.json', 8], ['2_abc_broadcast.json', 7.1], ['3_broadcast.json', 6.9], ['gg_1762909092.json', 30], ['broadcast.json', 30]] as const) {
    put(outbox, name, days)
  }
  for (const [name, days] of [['gc_context_5.json', 8], ['gc_context_5.2.json', 8], ['gc_context_6.json', 6], ['notes.txt', 30]] as const) put(processed, name, days)
  put(rejected, 'gc_context_7.json', 30)
  mkdirSync(path.join(outbox, 'old_broadcast.json'))
  const keeper = new Housekeeping({ root, log: createLog(() => undefined, systemClock), clock: systemClock })
  await keeper.start()
  await eventually(() => !existsSync(path.join(processed, 'gc_context_5.json')))
  await keeper.stop()
  expect(readdirSync(outbox).sort()).toEqual(['0_legacy_broadcast.json', '3_broadcast.json', 'broadcast.json', 'gg_1762909092.json', 'old_broadcast.json'])
  expect(readdirSync(processed).sort()).toEqual(['gc_context_4.json', 'gc_context_6.json', 'notes.txt', 'rejected'])
  expect(readdirSync(rejected)).toEqual(['gc_context_7.json'])
})

test('a drop is kept for its time after it was handled, however old it was', async () => {
  const { bridge } = await dropBox()
  const root = path.join(bridge.inbox, '../../..')
  mkdirSync(path.join(root, 'shared_memory/.memory_sync'), { recursive: true })
  writeFileSync(path.join(root, 'shared_memory/.memory_sync/root-id'), 'r')
  utimesSync(path.join(root, 'shared_memory/.memory_sync/root-id'), 1, 1)
  const file = path.join(bridge.inbox, 'gc_context_1762909092.json')
  writeFileSync(`${file}.tmp`, '{}')
  utimesSync(`${file}.tmp`, 1762909092, 1762909092)
  renameSync(`${file}.tmp`, file)
  await eventually(() => readdirSync(bridge.inbox).length === 0)
  const keeper = new Housekeeping({ root, log: createLog(() => undefined, systemClock), clock: systemClock })
  await keeper.start()
  await keeper.stop()
  expect(readdirSync(bridge.processed)).toEqual(['gc_context_1762909092.json'])
})

test('a log that has grown long begins anew, also where it is held open; through a link nothing is written', async () => {
  const root = await makeTempFolder('msr-')
  const logs = path.join(root, 'logs')
  mkdirSync(logs)
  writeFileSync(path.join(root, 'elsewhere'), 'mine')
  const held = openSync(path.join(logs, 'memory_hub.out.log'), 'a')
  writeSync(held, 'first\n'.repeat(20))
  for (const name of ['memory_hooks.log', 'mary_dispatcher.log']) writeFileSync(path.join(logs, name), 'x'.repeat(200))
  writeFileSync(path.join(logs, 'memory_hub.err.log'), 'short')
  symlinkSync(path.join(root, 'elsewhere'), path.join(logs, 'memory_hub.out.log.1'))
  const log = createLog(() => undefined, systemClock)
  const keeper = new Housekeeping({ root, log, clock: systemClock, maxLogBytes: 100 })
  await keeper.start()
  await eventually(() => existsSync(path.join(logs, 'memory_hooks.log.1')))
  await keeper.stop()
  writeSync(held, 'second\n')
  closeSync(held)
  const text = (name: string): string => readFileSync(path.join(logs, name), 'utf8')
  expect(readdirSync(logs).sort()).toEqual(['mary_dispatcher.log', 'memory_hooks.log.1', 'memory_hub.err.log', 'memory_hub.out.log', 'memory_hub.out.log.1'])
  expect([text('memory_hub.out.log'), text('memory_hub.out.log.1')]).toEqual(['second\n', 'first\n'.repeat(20)])
  expect(readFileSync(path.join(root, 'elsewhere'), 'utf8')).toBe('mine')
})
