import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Cli } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
})

const outbox = async (): Promise<string[]> => readdir(`${cli.root}/bridge/memory/outbox`).catch(() => [])

describe('the verbs of tools/memory_sync.sh', () => {
  it('get prints the document and nothing else, or exits 1 when there is none', async () => {
    expect(await cli.run('get')).toMatchObject({ code: 1, out: '' })
    await mkdir(`${cli.root}/shared_memory`, { recursive: true })
    const text =
      '{\n  "version": "1.0",\n  "last_update": "2025-11-12T08:26:25+07:00",\n  "agents": {},\n  "current_work": {}\n}\n'
    await writeFile(cli.contextFile, text)
    const { out, err, code } = await cli.run('get')
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(JSON.parse(out)).toMatchObject({ version: '1.0', agents: {}, current_work: {} })
  })

  it('update prints nothing and exits 0; its further arguments are ignored', async () => {
    expect(await cli.run('update', 'mary', 'active', 'and', 'more')).toMatchObject({ code: 0, out: '', err: '' })
    const { out } = await cli.shell(
      'node "$MS" get "" x y | jq -r ".agents.mary.status, (.agents.nobody // {} | tostring)"',
    )
    expect(out).toBe('active\n{}\n')
  })

  it('update without agent or status says so on stderr, and exits not 0', async () => {
    expect(await cli.run('update')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^.* ERROR: agent required$/m),
    })
    expect(await cli.run('update', 'mary')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^.* ERROR: status required$/m),
    })
    expect(await cli.run('update', '', 'active')).toMatchObject({
      code: 2,
      err: expect.stringContaining('ERROR: agent required'),
    })
    expect(await outbox()).toEqual([])
  })

  it('update broadcasts one line of the known form, under a name that no other has', async () => {
    const agents = Array.from({ length: 10 }, (_, n) => `a${n}`)
    await Promise.all(agents.map((agent) => cli.ok('update', agent, `it's "${agent}"`)))
    const names = await outbox()
    expect(names).toHaveLength(10)
    for (const name of names) expect(name).toMatch(/^\d{10}_[0-9a-f]+_broadcast\.json$/)
    const lines = await Promise.all(names.map((name) => readFile(`${cli.root}/bridge/memory/outbox/${name}`, 'utf8')))
    for (const line of lines)
      expect(line).toMatch(/^\{"event":"agent_update","agent":"a\d","status":"it's \\"a\d\\"","ts":"[^"]+\+07:00"\}\n$/)
  })

  it('update that was not acknowledged broadcasts nothing', async () => {
    await mkdir(`${cli.root}/shared_memory`, { recursive: true })
    await writeFile(`${cli.root}/shared_memory/.memory_sync`, 'a file where the directory should be')
    expect((await cli.run('update', 'mary', 'active')).code).toBe(69)
    expect(await outbox()).toEqual([])
  })

  it('update stays acknowledged when the broadcast cannot be written, and says so', async () => {
    await mkdir(cli.root, { recursive: true })
    await writeFile(`${cli.root}/bridge`, 'no directory')
    expect(await cli.run('update', 'mary', 'active')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('broadcast'),
    })
    const { out, err } = await cli.run('update', 'mary', 'idle', '--json')
    expect(err).toBe('')
    expect(JSON.parse(out)).toMatchObject({ ok: true, warnings: [expect.stringContaining('broadcast')] })
    expect(await cli.ok('get', 'agents.mary.status', '--raw')).toBe('idle\n')
  })

  it('lose nothing when 20 update at once', async () => {
    const agents = Array.from({ length: 20 }, (_, n) => `agent${n}`)
    await Promise.all(agents.map((agent) => cli.ok('update', agent, 'active')))
    expect(Object.keys(JSON.parse(await cli.ok('get', 'agents')) as object).sort()).toEqual(agents.sort())
  })

  it('work from any directory, with a minimal environment', async () => {
    const { code } = await cli.runWith(
      { env: { PATH: '/usr/bin:/bin', USER: undefined }, cwd: '/tmp' },
      'update',
      'mary',
      'active',
    )
    expect(code).toBe(0)
    expect(await cli.ok('get', 'agents.mary.status')).toBe('"active"\n')
  })
})
