import { NO_HANG_MS } from '../support/budget.js'
import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Cli, errorOf } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
})

describe('set and get', () => {
  it('print nothing, and what was set', async () => {
    expect(await cli.run('set', 'mary', 'task=T1', 'progress.done=3', 'note=waiting for review')).toMatchObject({
      code: 0,
      out: '',
      err: '',
    })
    expect(await cli.ok('get', 'agents.mary.context.task')).toBe('"T1"\n')
    expect(await cli.ok('get', '/agents/mary/context/progress', '--compact')).toBe('{"done":3}\n')
    expect(await cli.ok('get', 'status', '--agent', 'mary', '--raw')).toBe('active\n')
  })

  it('show the context as jq reads it', async () => {
    await cli.ok('set', 'mary', 'a=1')
    await cli.ok('set', 'mary.v2', 'b=2')
    const { out } = await cli.shell(
      'node "$MS" get | jq -c ".agents.mary.context, (.agents|keys|length), .current_work"',
    )
    expect(out).toBe('{"a":1}\n2\n{}\n')
    expect(await cli.ok('get')).toBe(await readFile(cli.contextFile, 'utf8'))
    expect(await cli.ok('get', '--agent', 'mary.v2', 'context.b')).toBe('2\n')
  })

  it('give back every value as it went in', async () => {
    const patch =
      '{"big":12345678901234567890,"dec":1.10,"exp":1E5,"neg":-0,"arr":[],"obj":{},"10":1,"2":2,"__proto__":{"x":1},"thai":"สวัสดี","emoji":"🎉👨‍👩‍👧",' +
      '"quotes":"it\'s \\"q\\"","line":"a\\nb\\tc","shell":"$(touch /tmp/pwned) `id` $HOME","nested":[{"b":1.0,"a":[{}]}],"sep":"\\u2028","key \\"q\\"":1}'
    expect(await cli.runWith({ input: patch }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 0, err: '' })
    const expected = patch.replace('\\u2028', '\u2028')
    expect(await cli.ok('get', 'context', '--agent', 'mary', '--compact')).toBe(`${expected}\n`)
    expect((await readFile(cli.contextFile, 'utf8')).replaceAll(/\s/g, '')).toContain(
      '"dec":1.10,"exp":1E5,"neg":-0,"arr":[],"obj":{},"10":1,"2":2',
    )
    expect(await cli.ok('get', 'context.line', '--agent', 'mary', '--raw')).toBe('a\nb\tc\n')
  })

  it('take a status out of the patch, however long it is and whatever is in it', async () => {
    for (const status of ['a\0b', '\ud800', '-x', 'é\n', 'x'.repeat(200_000)]) {
      const ran = cli.runWith({ input: JSON.stringify({ status, n: 1 }) }, 'set', 'mary', '--patch', '-', '--with-status')
      expect(await ran).toMatchObject({ code: 0, err: '' })
      expect(JSON.parse(await cli.ok('get', '--agent', 'mary'))).toMatchObject({ status, context: { status, n: 1 } })
    }
    for (const patch of ['{"n":2}', '{"status":""}', '{"status":7}']) await cli.ok('set', 'mary', '--patch', patch, '--with-status')
    expect(await cli.ok('get', 'status', '--agent', 'mary')).toHaveLength(200_003)
  })

  it('take VALUE from the command line literally', async () => {
    await cli.ok(
      'set',
      'mary',
      'a=$(touch /tmp/pwned)',
      `b=it's "x"`,
      'c=12345678901234567890',
      'd=1.10',
      'e=[]',
      'f={}',
      'g=สวัสดี 🎉',
      'h=x\ny',
      '10=z',
    )
    expect(await cli.ok('get', 'context', '--agent', 'mary', '--compact')).toBe(
      '{"a":"$(touch /tmp/pwned)","b":"it\'s \\"x\\"","c":12345678901234567890,"d":1.10,"e":[],"f":{},"g":"สวัสดี 🎉","h":"x\\ny","10":"z"}\n',
    )
  })

  it('delete with null, add with +=, merge a patch with assignments', async () => {
    await cli.ok('set', 'mary', 'a=1', 'b=2')
    await cli.ok('set', 'mary', '--patch', '{"c":{"d":1}}', 'a=null', 'n+=2.5', 'c.e=2')
    expect(await cli.ok('get', 'context', '--agent', 'mary', '--compact')).toBe('{"b":2,"c":{"d":1,"e":2},"n":2.5}\n')
  })

  it('patch current_work and token_usage', async () => {
    await cli.ok('set', 'current_work', 'branch=main')
    await cli.ok('set', 'token_usage', 'total+=5')
    expect(await cli.ok('get', 'current_work', '--compact')).toBe('{"branch":"main"}\n')
    expect(await cli.ok('get', 'token_usage.total')).toBe('5\n')
    expect(JSON.parse(await cli.ok('get', 'agents'))).toEqual({})
  })

  it('leave stdin alone, and do not wait for it', async () => {
    const { out, code, ms } = await cli.runWith({ input: 'open' }, 'set', 'mary', 'a=1')
    expect({ out, code }).toEqual({ out: '', code: 0 })
    expect(ms).toBeLessThan(NO_HANG_MS)
    const loop = await cli.shell(
      'printf "a\\nb\\nc\\n" | while read -r name; do node "$MS" update "$name" active; done; node "$MS" get agents | jq -c keys',
    )
    expect(loop.out).toBe('["a","b","c","mary"]\n')
    expect((await cli.runWith({ input: 'agents' }, 'get', '--compact')).out).toContain('"version"')
  })

  it('say with --json where the write is, and nothing on stderr', async () => {
    const { out, err } = await cli.run('set', 'mary', 'a=1', '--json')
    expect(JSON.parse(out)).toEqual({
      ok: true,
      agent: 'mary',
      rev: expect.any(Number),
      durability: 'file',
      pending: 0,
    })
    expect(out.split('\n')).toHaveLength(2)
    expect(err).toBe('')
  })

  it('show with --with-meta where the context comes from', async () => {
    await cli.ok('set', 'mary', 'a=1')
    expect(JSON.parse(await cli.ok('get', '--with-meta'))).toEqual({
      ...{ rev: expect.any(Number), durability: 'file', source: 'file', pending: 0 },
      context: expect.objectContaining({ agents: expect.any(Object) }),
    })
  })

  it('write only while the revision is the expected one, and show what is there instead', async () => {
    const first = JSON.parse(await cli.ok('set', 'mary', 'a=1', '--if-rev', '0', '--json')) as { rev: number }
    const second = JSON.parse(await cli.ok('set', 'mary', 'a=2', '--if-rev', String(first.rev), '--json')) as {
      rev: number
    }
    const lost = await cli.run('set', 'mary', 'a=3', '--if-rev', String(first.rev), '--json')
    expect(lost).toMatchObject({ code: 20, err: '' })
    expect(errorOf(lost)).toMatchObject({
      code: 'conflict',
      details: { rev: second.rev, current: { context: { a: 2 }, rev: second.rev } },
    })
    expect(errorOf(lost).suggestions.join(' ')).toContain(`--if-rev ${second.rev}`)
    const told = await cli.run('set', 'mary', 'a=3', '--if-rev', String(first.rev))
    expect(told).toMatchObject({ code: 20, out: '' })
    expect(told.err).toContain('nothing was written')
    expect(await cli.ok('get', 'context.a', '--agent', 'mary')).toBe('2\n')
  })

  it('apply a repetition with the same key once', async () => {
    const add = (...more: string[]) => cli.run('set', 'mary', 'n+=1', '--idempotency-key', 'job-1', '--json', ...more)
    const first = JSON.parse((await add()).out) as object
    expect(JSON.parse((await add()).out)).toEqual({ ...first, replayed: true })
    expect((await cli.run('set', 'mary', 'n+=2', '--idempotency-key', 'job-1')).code).toBe(2)
    expect(await cli.ok('get', 'context.n', '--agent', 'mary')).toBe('1\n')
  })
})
