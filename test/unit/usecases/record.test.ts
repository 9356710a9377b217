import { describe, expect, it } from 'vitest'
import { type Tree, formatLine, parseTree, stringOf } from '../../../src/domain/json.js'
import { valueAt } from '../../../src/domain/tree.js'
import { type RecordRequest, recordResult } from '../../../src/usecases/record.js'
import { plainOf } from '../../../src/usecases/plain.js'
import type { RootFiles } from '../../../src/usecases/surroundings.js'
import { fakeSurroundings, NOW } from '../../support/fake-memory.js'
import { memoryFiles } from '../../support/memory-files.js'

type World = ReturnType<typeof fakeSurroundings>

function setUp(): { world: World; files: Map<string, string>; ledger: RootFiles } {
  const { files, api } = memoryFiles()
  return { world: fakeSurroundings(), files, ledger: { root: '/r', files: api } }
}

const result = (request: Partial<RecordRequest>): RecordRequest => ({
  ...{ agent: 'mary', subject: 'T1', outcome: 'completed', result: parseTree('{}') },
  ...request,
})

async function context(world: World, agent = 'mary'): Promise<Tree> {
  const snapshot = await world.memory.read()
  return valueAt(snapshot!.context, `/agents/${agent}/context`) ?? 'absent'
}

describe('record', () => {
  it.each([
    ['mary', '"last_task":"T1","task_status":"completed"', '"task":"T1","status":"completed"'],
    ['rnd', '"last_proposal":"T1","outcome":"completed"', '"proposal":"T1","outcome":"completed"'],
    ['cls', '"last_id":"T1","outcome":"completed"', '"item":"T1","outcome":"completed"'],
    ['constructor1', '"last_id":"T1","outcome":"completed"', '"item":"T1","outcome":"completed"'],
  ])('writes the keys that readers of %s know, an entry of the list, and the sums', async (agent, keys, entry) => {
    const { world, ledger } = setUp()
    await recordResult(world, ledger, result({ agent, result: parseTree('{"files":3}'), durationMs: '8.50' }))
    expect(formatLine(await context(world, agent))).toBe(
      `{${keys},"result":{"files":3},"timestamp":"${NOW}",` +
        '"totals":{"count":1,"by_outcome":{"completed":1},"duration_ms":8.50},' +
        `"records":[{"id":"${'1'.padStart(32, '0')}",${entry},"timestamp":"${NOW}","result":{"files":3},"duration_ms":8.50}]}`,
    )
  })

  it('sets the status to active: somebody who hands in results works', async () => {
    const { world, ledger } = setUp()
    await world.memory.write({
      target: 'agent:mary',
      kind: 'update',
      edits: [{ do: 'set', path: '/status', value: '"idle"' }],
      by: 'x',
    })
    await recordResult(world, ledger, result({}))
    const snapshot = await world.memory.read()
    expect(stringOf(valueAt(snapshot!.context, '/agents/mary/status'))).toBe('active')
  })

  it('replaces the result before it instead of merging into it', async () => {
    const { world, ledger } = setUp()
    await recordResult(world, ledger, result({ result: parseTree('{"a":1,"b":{"c":1}}') }))
    await recordResult(world, ledger, result({ result: parseTree('{"b":{"d":2}}') }))
    expect(plainOf(await context(world))).toMatchObject({ result: { b: { d: 2 } } })
    expect(formatLine(await context(world))).toContain('"result":{"b":{"d":2}}')
    await recordResult(world, ledger, result({ result: parseTree('{}') }))
    expect(formatLine(await context(world))).toContain('"result":{},')
    await recordResult(world, ledger, result({ result: parseTree('[1,2]') }))
    expect(formatLine(await context(world))).toContain('"result":[1,2],')
  })

  it('keeps the last 20 in the list and counts them all', async () => {
    const { world, ledger } = setUp()
    for (let n = 0; n < 25; n++)
      await recordResult(world, ledger, result({ subject: `T${n}`, outcome: n % 5 === 0 ? 'failed' : 'completed' }))
    const { records, totals } = plainOf(await context(world)) as { records: unknown[]; totals: unknown }
    expect(records).toHaveLength(20)
    expect(totals).toEqual({ count: 25, by_outcome: { failed: 5, completed: 20 } })
  })

  it('lists a large result with its size only, and keeps all of it as the newest', async () => {
    const { world, ledger } = setUp()
    const large = JSON.stringify({ text: 'x'.repeat(5000) })
    await recordResult(world, ledger, result({ result: parseTree(large) }))
    const { records, result: newest } = plainOf(await context(world)) as {
      records: Record<string, unknown>[]
      result: { text: string }
    }
    expect(records[0]).toMatchObject({ result_bytes: large.length })
    expect(records[0]).not.toHaveProperty('result')
    expect(newest.text).toHaveLength(5000)
  })

  it('keeps what else was said in the list', async () => {
    const { world, ledger } = setUp()
    await recordResult(
      world,
      ledger,
      result({ error: `it's "broken"`, score: '0.50', scoreBefore: '1E2', learning: 'test first' }),
    )
    expect(formatLine(await context(world))).toContain(
      `"score":0.50,"score_before":1E2,"error":"it's \\"broken\\"","learning":"test first"}`,
    )
  })

  it('counts long outcomes together, so that free text makes no new sums', async () => {
    const { world, ledger } = setUp()
    await recordResult(world, ledger, result({ outcome: 'o'.repeat(65) }))
    expect(formatLine(await context(world))).toContain('"totals":{"count":1,"by_outcome":{"other":1}}')
  })

  it('records the result although another program has overwritten a sum, and says so', async () => {
    const { world, ledger } = setUp()
    const broken = { do: 'set' as const, path: '/context/totals/count', value: '"many"' }
    await world.memory.write({ target: 'agent:mary', kind: 'legacy', edits: [broken], by: 'x' })
    const { receipt, warnings } = await recordResult(world, ledger, result({ durationMs: '5' }))
    expect(receipt.ok).toBe(true)
    expect(warnings).toEqual(['not counted: /context/totals/count of mary is no number'])
    expect(plainOf(await context(world))).toMatchObject({ last_task: 'T1', totals: { count: 'many', duration_ms: 5 } })
  })

  it('applies a repetition with the same key once, in the list, the sums and the ledger', async () => {
    const { world, files, ledger } = setUp()
    const request = result({ idempotencyKey: 'k1', learning: 'once' })
    await recordResult(world, ledger, request)
    world.clock.now = () => Date.UTC(2026, 0, 1)
    expect((await recordResult(world, ledger, request)).receipt.replayed).toBe(true)
    expect(plainOf(await context(world))).toMatchObject({ records: [{ id: 'k1' }], totals: { count: 1 } })
    expect(files.get('/r/g/memory/ledger/mary_memory.jsonl')).toBe(
      `{"timestamp":"${NOW}","outcome":"completed","learning":"once"}\n`,
    )
  })

  it('appends what was learned to the ledger, on a line of its own', async () => {
    const { world, files, ledger } = setUp()
    const file = '/r/g/memory/ledger/mary_memory.jsonl'
    files.set(file, '{"outcome":"cut')
    await recordResult(world, ledger, result({ learning: 'a\nb' }))
    expect(files.get(file)).toBe(`{"outcome":"cut\n{"timestamp":"${NOW}","outcome":"completed","learning":"a\\nb"}\n`)
  })

  it('takes a blank learning for none', async () => {
    const { world, files, ledger } = setUp()
    await recordResult(world, ledger, result({ learning: '  ' }))
    expect(files.size).toBe(0)
    expect(formatLine(await context(world))).not.toContain('learning')
  })

  it('says so when the ledger cannot be written; the result is recorded with what was learned', async () => {
    const { world, ledger } = setUp()
    ledger.files.append = () => Promise.reject(new Error('ENOSPC'))
    const { warnings } = await recordResult(world, ledger, result({ learning: 'x' }))
    expect(warnings).toEqual([expect.stringContaining('ENOSPC')])
    expect(formatLine(await context(world))).toContain('"learning":"x"')
  })

  it.each([
    ['ID', { subject: '' }],
    ['OUTCOME', { outcome: '' }],
  ])('refuses an empty %s before anything is written', async (name, request) => {
    const { world, files, ledger } = setUp()
    const refused = recordResult(world, ledger, result({ ...request, learning: 'x' }))
    await expect(refused).rejects.toMatchObject({ code: 'usage', message: `${name} is empty` })
    expect(world.memory.requests).toEqual([])
    expect(files.size).toBe(0)
  })

  it('refuses a result over 1 MiB before anything is written', async () => {
    const { world, ledger } = setUp()
    await expect(
      recordResult(world, ledger, result({ result: parseTree(`"${'x'.repeat(1024 * 1024 + 1)}"`) })),
    ).rejects.toMatchObject({ code: 'usage' })
    expect(world.memory.requests).toEqual([])
  })
})
