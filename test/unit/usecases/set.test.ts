import { describe, expect, it } from 'vitest'
import { formatLine, parseTreeMap } from '../../../src/domain/json.js'
import { type SetRequest, setContext } from '../../../src/usecases/set.js'
import { fakeSurroundings, NOW } from '../../support/fake-memory.js'

const set = (surroundings: ReturnType<typeof fakeSurroundings>, name: string, ...assignments: string[]) =>
  setContext(surroundings, { name, assignments })

async function agent(surroundings: ReturnType<typeof fakeSurroundings>, name: string): Promise<string> {
  const agents = (await surroundings.memory.read())?.context.get('agents')
  const record = typeof agents === 'object' ? agents.get(name) : undefined
  return record === undefined ? 'absent' : formatLine(record)
}

describe('set', () => {
  it('makes a record with the status active, its times, and what was given', async () => {
    const world = fakeSurroundings()
    await set(world, 'mary', 'task=T1', 'n=1.10', 'list=[1, 2]', 'a.b={"10":1,"2":{}}')
    expect(await agent(world, 'mary')).toBe(
      `{"status":"active","last_seen":"${NOW}","last_update":"${NOW}","context":{"task":"T1","n":1.10,"list":[1,2],"a":{"b":{"10":1,"2":{}}}},"rev":1}`,
    )
  })

  it('takes of a request what it knows, and never where and what to write from the rest of it', async () => {
    const world = fakeSurroundings()
    await setContext(world, { name: 'mary', assignments: ['a=1'], target: 'agent:victim', edits: [], by: 'somebody' } as SetRequest)
    expect(world.memory.requests).toMatchObject([{ target: 'agent:mary', by: 'tester' }])
    expect(await agent(world, 'mary')).toContain('"a":1')
  })

  it('leaves the status of a record alone, unless it is named', async () => {
    const world = fakeSurroundings()
    await setContext(world, { name: 'mary', status: 'idle' })
    await set(world, 'mary', 'a=1')
    expect(await agent(world, 'mary')).toContain('"status":"idle"')
  })

  it('takes VALUE as JSON if it parses, else as a string', async () => {
    const world = fakeSurroundings()
    await set(
      world,
      'mary',
      'a=12345678901234567890',
      'b=$(rm -rf /)',
      'c="5"',
      'd=สวัสดี 🎉',
      'e=',
      'f=a=b',
      'g=[1',
      'h=true',
      'i=NaN',
    )
    expect(await agent(world, 'mary')).toContain(
      '"context":{"a":12345678901234567890,"b":"$(rm -rf /)","c":"5","d":"สวัสดี 🎉","e":"","f":"a=b","g":"[1","h":true,"i":"NaN"}',
    )
  })

  it('deletes with null, adds with +=, and merges objects', async () => {
    const world = fakeSurroundings()
    await set(world, 'mary', 'a=1', 'b={"x":1,"y":2}', 'n=0.1')
    await set(world, 'mary', 'a=null', 'b={"y":null,"z":3}', 'n+=0.2', 'm+=5')
    expect(await agent(world, 'mary')).toContain('"context":{"b":{"x":1,"z":3},"n":0.3,"m":5}')
  })

  it('patches current_work and token_usage without touching any agent', async () => {
    const world = fakeSurroundings()
    await set(world, 'current_work', 'branch=main')
    await setContext(world, { name: 'token_usage', patch: parseTreeMap('{"total":5}') })
    expect(await world.memory.text()).toMatch(/"agents":{},"current_work":{"branch":"main"},"token_usage":{"total":5}/)
  })

  it('keeps __proto__ and other odd keys of a patch as data', async () => {
    const world = fakeSurroundings()
    await setContext(world, { name: 'mary', patch: parseTreeMap('{"__proto__":{"a":1},"a/b~c":2,"":3}') })
    expect(await agent(world, 'mary')).toContain('"context":{"__proto__":{"a":1},"a/b~c":2,"":3}')
  })

  it.each([
    ['no equals sign', ['abc'], /no KEY=VALUE/],
    ['an empty key', ['=1'], /a part of the key is empty/],
    ['an empty part of a key', ['a..b=1'], /a part of the key is empty/],
    ['an addition of no number', ['a+=x'], /only a number can be added/],
    ['a key that stands twice', ['a={"b":1,"b":2}'], /twice/],
    ['nothing at all', [], /nothing to set/],
  ])('refuses %s and writes nothing', async (_, assignments, message) => {
    const world = fakeSurroundings()
    await expect(set(world, 'mary', ...assignments)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    })
    expect(world.memory.requests).toEqual([])
  })

  it('refuses an empty status, and writes nothing', async () => {
    const world = fakeSurroundings()
    const empty = setContext(world, { name: 'mary', assignments: ['a=1'], status: '' })
    await expect(empty).rejects.toMatchObject({ code: 'usage', message: 'the status is empty' })
    expect(world.memory.requests).toEqual([])
  })

  it('takes a value of exactly 1 MiB and refuses one byte more, counted in UTF-8', async () => {
    const world = fakeSurroundings()
    const most = 'é'.repeat(512 * 1024)
    await set(world, 'mary', `a=${most}`)
    await expect(set(world, 'mary', `a=${most}x`)).rejects.toMatchObject({
      code: 'usage',
      details: { bytes: 1024 * 1024 + 1 },
    })
    const patch = parseTreeMap(`{"a":{"b":["${most}"]}}`)
    await expect(setContext(world, { name: 'mary', patch })).rejects.toMatchObject({ code: 'usage' })
  })

  it('refuses nesting that would make the document unreadable, however it is written', async () => {
    const world = fakeSurroundings()
    const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
    await set(world, 'mary', `a=${deep(400)}`)
    for (const assignment of [(n: number) => `a=${deep(n)}`, (n: number) => `${'a.'.repeat(n)}a=1`, (n: number) => `a.b=${deep(n - 1)}`]) {
      await set(world, 'mary', assignment(480))
      await expect(set(world, 'mary', assignment(481))).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('480') as string })
    }
  })

  it('refuses names that no agent may have, and says what to do', async () => {
    const world = fakeSurroundings()
    for (const name of ['bad name', '', '..', '__proto__', 'a/b', 'x'.repeat(65), 'ä', 'a\nb']) {
      await expect(set(world, name, 'a=1')).rejects.toMatchObject({
        code: 'usage',
        suggestions: [expect.stringMatching(/1 to 64/)],
      })
    }
    await expect(setContext(world, { name: 'current_work', status: 'x' })).rejects.toMatchObject({ code: 'usage' })
  })

  it('still takes an illegal name that an older program has given', async () => {
    const world = fakeSurroundings()
    await world.memory.write({
      target: 'agent:old name',
      kind: 'legacy',
      edits: [{ do: 'set', path: '/status', value: '"x"' }],
      by: 'old',
    })
    await set(world, 'old name', 'a=1')
    expect(await agent(world, 'old name')).toContain('"a":1')
  })

  it('says what is there now when a comparison is lost, as data and in words', async () => {
    const world = fakeSurroundings()
    await set(world, 'mary', 'a=1')
    const lost = setContext(world, { name: 'mary', assignments: ['a=2'], ifRev: 0 })
    await expect(lost).rejects.toMatchObject({
      code: 'conflict',
      message: '"mary" is at revision 1; nothing was written',
      details: { rev: 1, current: expect.any(Map) },
      suggestions: [expect.stringContaining('--if-rev 1'), expect.any(String)],
    })
  })

  it('calls the same write the same, whenever it is repeated', async () => {
    const world = fakeSurroundings()
    const request = { name: 'mary', assignments: ['n+=1'], idempotencyKey: 'k' }
    await setContext(world, request)
    world.clock.now = () => Date.UTC(2026, 0, 1)
    expect(await setContext(world, request)).toMatchObject({ ok: true, replayed: true })
    await expect(setContext(world, { ...request, assignments: ['n+=2'] })).rejects.toMatchObject({ code: 'usage' })
    expect(await agent(world, 'mary')).toContain('"n":1')
  })
})
