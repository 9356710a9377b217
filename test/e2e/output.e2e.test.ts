import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Cli } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
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
    expect(await cli.shell('node "$MS" get > /dev/full')).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOSPC'),
    })
  })

  it.runIf(process.platform === 'linux').each(['agents', '--help', 'task --help', '--version'])('of %s: it fails, too', async (words) => {
    await cli.ok('set', 'mary', 'a=1')
    expect(await cli.shell(`node "$MS" ${words} > /dev/full`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Error: the output cannot be written: ENOSPC.*\n$/),
    })
  })

  it.runIf(process.platform === 'linux')('of a command that has none cannot fail, nor what a hub logs: exit 0', async () => {
    await cli.ok('set', 'mary', 'a=1')
    expect(await cli.shell('node "$MS" remove mary > /dev/full')).toMatchObject({ code: 0, err: '' })
    const hub = `node "$MS" hub > /dev/full & until node "$MS" hub stop > /dev/null 2>&1; do kill -0 $! || break; done; wait $!`
    expect(await cli.shell(hub)).toMatchObject({ code: 0, err: '' })
  })

  it.each([
    ['get agents.nobody --json', 'absent'],
    ['set mary a=1 --if-rev 7 --json', 'conflict'],
    ['lock status .. --json', 'usage'],
    ['lock nothing --json', 'usage'],
  ])('of %s, which fails: where nobody reads it, the error goes to stderr', async (words, code) => {
    await cli.ok('set', 'mary', 'a=1')
    const { err } = await cli.shell(`exec 3> >(:); wait $!; node "$MS" ${words} >&3`)
    expect(JSON.parse(err)).toMatchObject({ error: { code } })
  })

  it.runIf(process.platform === 'linux').each([
    ['the disk is full', '', 'node "$MS" lock acquire deploy > /dev/full'],
    ['the disk is full', '', 'node "$MS" lock acquire deploy --json > /dev/full'],
    ['nobody reads it', 'nobody reads the output', 'exec 3> >(:); wait $!; node "$MS" lock acquire deploy >&3'],
  ])('that has the token of a lease: when %s, the lease is given back', async (_, reason, line) => {
    const { code, err } = await cli.shell(line)
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(new RegExp(`${reason}.*nobody has the token of the lease "deploy", and it was given back`)) })
    expect(await cli.run('lock', 'acquire', 'deploy')).toMatchObject({ code: 0 })
  })

  it.runIf(process.platform === 'linux').each([
    ['the disk is full', /ENOSPC.*GIVEN/, 'node "$MS" task claim T1 --json > /dev/full'],
    ['the disk is full', /ENOSPC.*GIVEN/, 'node "$MS" task start T1 --json > /dev/full'],
    ['the disk is full', /ENOSPC.*GIVEN/, 'node "$MS" task next --claim > /dev/full'],
    ['nobody reads it', /^\{"error":.*nobody reads the output.*given back/, 'exec 3> >(:); wait $!; node "$MS" task claim T1 --while-pid $$ --json >&3'],
    ['nobody reads it', /nobody reads the output.*GIVEN/, 'exec 3> >(:); wait $!; node "$MS" task next --claim >&3'],
  ])('that has the token of a claim: when %s, the item is given back', async (_, said, line) => {
    await cli.ok('task', 'add', 'T1', 'one')
    await cli.ok('task', 'validate', 'T1')
    const { code, err } = await cli.shell(line)
    const text = err.replace('nobody has the token of the claim of "T1", and it was given back', 'GIVEN')
    expect({ code, text }).toEqual({ code: 1, text: expect.stringMatching(said) })
    expect(JSON.parse(await cli.ok('task', 'show', 'T1', '--json'))).toMatchObject({ status: 'validated', owner: null })
    await cli.ok('task', 'claim', 'T1', '--agent', 'another')
  })

  it.runIf(process.platform === 'linux')('that has the token of a claim with a key: the same call tells it again', async () => {
    await cli.ok('task', 'add', 'T1', 'one')
    const call = ['task', 'claim', 'T1', '--json', '--idempotency-key', 'k'] as const
    const { code, err } = await cli.shell(`node "$MS" ${call.join(' ')} > /dev/full`)
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('and the same call with its key tells it') })
    expect(JSON.parse(await cli.ok(...call))).toMatchObject({ replayed: true, owner: 'tester', token: expect.any(String) })
  })

  it('has no colour when piped', async () => {
    const { out, err } = await cli.runWith({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, 'get', '--help')
    expect(out + err).not.toContain('\u001B[')
  })

  it('names who wrote in the history', async () => {
    await cli.ok('set', 'mary', 'a=1', '--by', 'gg')
    await cli.runWith({ env: { MEMORY_SYNC_AGENT: 'gc' } }, 'set', 'mary', 'a=2')
    await cli.ok('set', 'mary', 'a=3')
    const by = (await cli.ok('log', '--agent', 'mary'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { by: string }).by)
    expect(by).toEqual(['gg', 'gc', 'tester'])
  })
})
