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

  it.runIf(process.platform === 'linux').each([
    ['the disk is full', '', 'node "$MS" lock acquire deploy > /dev/full'],
    ['the disk is full', '', 'node "$MS" lock acquire deploy --json > /dev/full'],
    ['nobody reads it', 'nobody reads the output', 'exec 3> >(:); wait $!; node "$MS" lock acquire deploy >&3'],
  ])('that has the token of a lease: when %s, the lease is given back', async (_, reason, line) => {
    const { code, err } = await cli.shell(line)
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(new RegExp(`${reason}.*nobody has the token of the lease "deploy", and it was given back`)) })
    expect(await cli.run('lock', 'acquire', 'deploy')).toMatchObject({ code: 0 })
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
