import { readFile, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Cli } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
})

const context = async (agent: string): Promise<Record<string, unknown>> =>
  JSON.parse(await cli.ok('get', 'context', '--agent', agent)) as Record<string, unknown>

describe('record', () => {
  it('writes the keys that readers of the hooks know', async () => {
    const result = `{"msg":"it's \\"fine\\" $(id)","n":12345678901234567890}`
    expect(await cli.run('record', 'mary', 'WO-1', 'completed', result, '--duration-ms', '8100')).toMatchObject({
      code: 0,
      out: '',
      err: '',
    })
    expect(await cli.ok('get', 'context.result', '--agent', 'mary', '--compact')).toBe(`${result}\n`)
    expect(await context('mary')).toMatchObject({
      last_task: 'WO-1',
      task_status: 'completed',
      timestamp: expect.stringMatching(/\+07:00$/),
    })
    await cli.ok('record', 'rnd', 'P-9', 'rejected')
    expect(await context('rnd')).toMatchObject({ last_proposal: 'P-9', outcome: 'rejected', result: {} })
    await cli.ok('record', 'cls', 'run 7', 'failed', '[1]', '--error', 'exit 1')
    expect(await context('cls')).toMatchObject({
      last_id: 'run 7',
      outcome: 'failed',
      result: [1],
      records: [{ error: 'exit 1' }],
    })
    expect(await cli.ok('get', 'agents.cls.status', '--raw')).toBe('active\n')
  })

  it('takes RESULT from stdin and from a file', async () => {
    expect((await cli.runWith({ input: '{"from":"stdin"}' }, 'record', 'mary', 'T', 'ok', '-')).code).toBe(0)
    expect(await context('mary')).toMatchObject({ result: { from: 'stdin' } })
    const file = `${cli.root}/result.json`
    await writeFile(file, '{"from":"file"}\n')
    await cli.ok('record', 'mary', 'T', 'ok', `@${file}`)
    expect(await context('mary')).toMatchObject({ result: { from: 'file' } })
  })

  it.each([
    ['bad JSON', ['record', 'mary', 'T', 'ok', '{"a":1}}']],
    ['a file that is not there', ['record', 'mary', 'T', 'ok', '@/nowhere']],
    ['a score that is no number', ['record', 'mary', 'T', 'ok', '--score', 'high']],
    ['a missing outcome', ['record', 'mary', 'T']],
    ['a bad name', ['record', 'bad name', 'T', 'ok']],
  ])('refuses %s with exit 2', async (_, args) => {
    expect(await cli.run(...args)).toMatchObject({ code: 2, out: '' })
    expect((await cli.run('get')).code).toBe(1)
  })

  it('loses no record and no count when many are handed in at once', async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        cli.ok('record', 'mary', `T${n}`, n % 2 === 0 ? 'ok' : 'failed', '--duration-ms', '10'),
      ),
    )
    const { records, totals } = await context('mary')
    expect(new Set((records as { task: string }[]).map(({ task }) => task)).size).toBe(12)
    expect(totals).toEqual({ count: 12, by_outcome: { ok: 6, failed: 6 }, duration_ms: 120 })
  })

  it('appends what was learned to the ledger', async () => {
    await cli.ok('record', 'mary', 'T', 'ok', '--learning', `don't "guess"`)
    const lines = (await readFile(`${cli.root}/g/memory/ledger/mary_memory.jsonl`, 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { timestamp: expect.any(String), outcome: 'ok', learning: `don't "guess"` },
    ])
  })

  it('applies a repetition with the same key once', async () => {
    const args = ['record', 'mary', 'T', 'ok', '{"a":1}', '--idempotency-key', 'k', '--learning', 'x', '--json']
    await cli.ok(...args)
    expect(JSON.parse(await cli.ok(...args))).toMatchObject({ ok: true, replayed: true })
    expect(await context('mary')).toMatchObject({ records: [{ id: 'k' }], totals: { count: 1 } })
    expect((await readFile(`${cli.root}/g/memory/ledger/mary_memory.jsonl`, 'utf8')).split('\n')).toHaveLength(2)
    expect((await cli.run('record', 'mary', 'T2', 'ok', '--idempotency-key', 'k')).code).toBe(2)
  })
})

describe('remove', () => {
  it('deletes the record, keeps it in the history, and says when there is none', async () => {
    await cli.ok('update', 'mary', 'active')
    await cli.ok('update', 'rnd', 'active')
    expect(await cli.run('remove', 'mary')).toMatchObject({ code: 0, out: '', err: '' })
    expect(JSON.parse(await cli.ok('get', 'agents'))).toEqual({ rnd: expect.any(Object) })
    expect(await cli.run('remove', 'mary')).toMatchObject({ code: 1, out: '' })
    const lines = (await cli.ok('log', '--agent', 'mary'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.at(-1)).toMatchObject({ event: 'agent_update', agent: 'mary', deleted: true, data: null })
    await cli.ok('set', 'mary', 'fresh=1')
    expect(await context('mary')).toEqual({ fresh: 1 })
  })
})
