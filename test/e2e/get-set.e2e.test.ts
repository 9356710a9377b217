import { writeFile, mkdir, readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Cli, errorOf } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
})

describe('set and get', () => {
  it('print nothing, and what was set', async () => {
    expect(await cli.run('set', 'mary', 'task=T1', 'progress.done=3', 'note=waiting for review')).toMatchObject({ code: 0, out: '', err: '' })
    expect(await cli.ok('get', 'agents.mary.context.task')).toBe('"T1"\n')
    expect(await cli.ok('get', '/agents/mary/context/progress', '--compact')).toBe('{"done":3}\n')
    expect(await cli.ok('get', 'status', '--agent', 'mary', '--raw')).toBe('active\n')
  })

  it('show the context as jq reads it', async () => {
    await cli.ok('set', 'mary', 'a=1')
    await cli.ok('set', 'mary.v2', 'b=2')
    const { out } = await cli.shell('node "$MS" get | jq -c ".agents.mary.context, (.agents|keys|length), .current_work"')
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
    expect((await readFile(cli.contextFile, 'utf8')).replaceAll(/\s/g, '')).toContain('"dec":1.10,"exp":1E5,"neg":-0,"arr":[],"obj":{},"10":1,"2":2')
    expect(await cli.ok('get', 'context.line', '--agent', 'mary', '--raw')).toBe('a\nb\tc\n')
  })

  it('take VALUE from the command line literally', async () => {
    await cli.ok('set', 'mary', 'a=$(touch /tmp/pwned)', `b=it's "x"`, 'c=12345678901234567890', 'd=1.10', 'e=[]', 'f={}', 'g=สวัสดี 🎉', 'h=x\ny', '10=z')
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
    expect(ms).toBeLessThan(5_000)
    const loop = await cli.shell('printf "a\\nb\\nc\\n" | while read -r name; do node "$MS" update "$name" active; done; node "$MS" get agents | jq -c keys')
    expect(loop.out).toBe('["a","b","c","mary"]\n')
    expect((await cli.runWith({ input: 'agents' }, 'get', '--compact')).out).toContain('"version"')
  })

  it('say with --json where the write is, and nothing on stderr', async () => {
    const { out, err } = await cli.run('set', 'mary', 'a=1', '--json')
    expect(JSON.parse(out)).toEqual({ ok: true, agent: 'mary', rev: expect.any(Number), durability: 'file', pending: 0 })
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
    const second = JSON.parse(await cli.ok('set', 'mary', 'a=2', '--if-rev', String(first.rev), '--json')) as { rev: number }
    const lost = await cli.run('set', 'mary', 'a=3', '--if-rev', String(first.rev), '--json')
    expect(lost).toMatchObject({ code: 20, err: '' })
    expect(errorOf(lost)).toMatchObject({ code: 'conflict', details: { rev: second.rev, current: { context: { a: 2 }, rev: second.rev } } })
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

describe('what is refused', () => {
  it.each<[string, string[], RegExp]>([
    ['a bad name', ['set', 'bad name', 'a=1'], /no name for an agent/],
    ['a reserved name', ['set', '__proto__', 'a=1'], /no name for an agent/],
    ['a path as a name', ['update', '../x', 'active'], /no name for an agent/],
    ['a name of 65 characters', ['update', 'x'.repeat(65), 'active'], /no name for an agent/],
    ['a member of the context as an agent', ['update', 'current_work', 'active'], /memory_sync set current_work/],
    ['bad JSON', ['set', 'mary', '--patch', '{"a":'], /--patch is not valid JSON/],
    ['a patch that is no object', ['set', 'mary', '--patch', '[1]'], /has to be a JSON object/],
    ['no KEY=VALUE', ['set', 'mary', 'abc'], /no KEY=VALUE/],
    ['nothing to set', ['set', 'mary'], /nothing to set/],
    ['no target', ['set'], /Missing 1 required arg/],
    ['an unknown flag', ['set', 'mary', 'a=1', '--hekp'], /Nonexistent flag: --hekp/],
    ['a flag without its value', ['set', 'mary', 'a=1', '--by'], /--by expects a value/],
    ['an unknown command', ['frobnicate'], /no command "frobnicate"/],
    ['an unknown command below another', ['hub', 'frobnicate'], /no command "hub frobnicate"/],
    ['a revision that is no number', ['set', 'mary', 'a=1', '--if-rev', 'x'], /--if-rev expects a whole number/],
    ['a fence without a number', ['set', 'mary', 'a=1', '--fence', 'x'], /no NAME:N/],
    ['an extra argument', ['remove', 'mary', 'x'], /Unexpected argument: x/],
    ['a bad pointer', ['get', '/a~2'], /no JSON Pointer/],
  ])('%s: exit 2, a short message, nothing on stdout, nothing written', async (_, args, message) => {
    const { code, out, err } = await cli.run(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    expect(err.split('\n').length).toBeLessThan(8)
    expect((await cli.run('get')).code).toBe(1)
  })

  it.each([[['set', 'mary', '--hekp', '--json']], [['frobnicate', '--json']], [['set', '--json']], [['get', '/x', '--json']]])(
    '%j: one JSON object on stdout, without internals, and an empty stderr',
    async (args) => {
      const ran = await cli.run(...args)
      expect(ran.err).toBe('')
      expect(Object.keys(JSON.parse(ran.out) as object)).toEqual(['error'])
      expect(Object.keys(errorOf(ran))).toEqual(['code', 'message', 'suggestions', 'details'])
      expect(ran.out.length).toBeLessThan(600)
    },
  )

  it('bad JSON and bad UTF-8 on stdin', async () => {
    expect(await cli.runWith({ input: 'nonsense' }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 2, out: '' })
    expect(await cli.shell(`printf '{"a":"\\377"}' | node "$MS" set mary --patch -`)).toMatchObject({ code: 2, err: expect.stringContaining('UTF-8') })
    expect((await cli.run('get')).code).toBe(1)
  })

  it('a value over 1 MiB, and takes one of exactly 1 MiB', async () => {
    const most = 'x'.repeat(1024 * 1024)
    expect(await cli.runWith({ input: `{"a":"${most}x"}` }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 2, err: expect.stringContaining('1 MiB') })
    expect((await cli.run('get')).code).toBe(1)
    expect(await cli.runWith({ input: `{"a":"${most}"}` }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 0, err: '' })
    const { out } = await cli.run('get', 'context.a', '--agent', 'mary', '--raw')
    expect(out).toHaveLength(most.length + 1)
  })

  it('what is absent: exit 1', async () => {
    expect(await cli.run('get')).toMatchObject({ code: 1, out: '' })
    await cli.ok('set', 'mary', 'a=1')
    for (const args of [['get', 'agents.nobody'], ['get', '/x/y'], ['get', '--agent', 'nobody'], ['remove', 'nobody']]) {
      expect(await cli.run(...args)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^Error: there is no/) })
    }
  })

  it('a root that cannot be written: exit 69, and the reason', async () => {
    await mkdir(cli.root, { recursive: true })
    await writeFile(`${cli.root}/file`, '')
    const ran = await cli.run('set', 'mary', 'a=1', '--root', `${cli.root}/file/root`, '--json')
    expect(ran).toMatchObject({ code: 69, err: '' })
    expect(errorOf(ran)).toMatchObject({ code: 'unavailable' })
    expect((await cli.run('update', 'mary', 'x', '--root', `${cli.root}/file/root`)).code).toBe(69)
  })
})

describe('output', () => {
  it('ends quietly when the reader goes away', async () => {
    const large = `{"a":"${'x'.repeat(500_000)}"}`
    expect(await cli.runWith({ input: large }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 0 })
    expect(await cli.shell('set -o pipefail; node "$MS" get | head -c1')).toMatchObject({ code: 0, out: '{', err: '' })
  })

  it('is complete when the reader is slow', async () => {
    const large = `{"a":"${'x'.repeat(900_000)}"}`
    await cli.runWith({ input: large }, 'set', 'mary', '--patch', '-')
    const { out } = await cli.shell('node "$MS" get | (sleep 0.5; wc -c)')
    expect(Number(out)).toBe((await readFile(cli.contextFile)).length)
  })

  it.runIf(process.platform === 'linux')('fails when it cannot be written', async () => {
    await cli.ok('set', 'mary', 'a=1')
    expect(await cli.shell('node "$MS" get > /dev/full')).toMatchObject({ code: 1, err: expect.stringContaining('ENOSPC') })
  })

  it('has no colour when piped', async () => {
    const { out, err } = await cli.runWith({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, 'get', '--help')
    expect(out + err).not.toContain('\u001B[')
  })

  it('names who wrote in the history', async () => {
    await cli.ok('set', 'mary', 'a=1', '--by', 'gg')
    await cli.runWith({ env: { MEMORY_SYNC_AGENT: 'gc' } }, 'set', 'mary', 'a=2')
    await cli.ok('set', 'mary', 'a=3')
    const by = (await cli.ok('log', '--agent', 'mary')).trim().split('\n').map((line) => (JSON.parse(line) as { by: string }).by)
    expect(by).toEqual(['gg', 'gc', 'tester'])
  })
})
