import { describe, expect, it } from 'vitest'
import { formatFound } from '../../../src/verbs/value-format.js'
import { parseTreeMap } from '../../../src/domain/json.js'
import { getText, getValue, stepsOf } from '../../../src/usecases/get.js'
import { setContext } from '../../../src/usecases/set.js'
import { fakeSurroundings } from '../../support/fake-memory.js'

const PLAIN = { raw: false, compact: true, withMeta: false }

async function world(): Promise<ReturnType<typeof fakeSurroundings>['memory']> {
  const surroundings = fakeSurroundings()
  const patch = parseTreeMap('{"a.b":{"10":1.10},"list":[{"x":[1,"two"]},[]],"a/b":"~","text":"line\\n\\"สวัสดี\\""}')
  await setContext(surroundings, { name: 'mary.v1', patch })
  return surroundings.memory
}

describe('get', () => {
  it.each([
    ['/agents/mary.v1/context/a.b/10', '1.10'],
    ['/agents/mary.v1/context/a~1b', '"~"'],
    ['/agents/mary.v1/context/list/0/x/1', '"two"'],
    ['/agents/mary.v1/context/list/1', '[]'],
    ['rev', '1'],
    ['.rev', '1'],
  ])('finds %s', async (path, text) => {
    expect(formatFound(await getValue(await world(), { path }), PLAIN)).toBe(text)
  })

  it('finds everything without a path, and starts at a record with an agent', async () => {
    const memory = await world()
    expect(formatFound(await getValue(memory, {}), PLAIN)).toMatch(/^{"last_update":.*"rev":1}$/)
    expect(formatFound(await getValue(memory, { path: 'context.list.0.x.0', agent: 'mary.v1' }), PLAIN)).toBe('1')
  })

  it.each([
    'agents.mary.v1',
    '/agents/nobody',
    '/agents/mary.v1/context/list/2',
    '/agents/mary.v1/context/list/01',
    '/rev/x',
    '/agents/mary.v1/context/list/-',
  ])('says that there is nothing at %s', async (path) => {
    await expect(getValue(await world(), { path })).rejects.toMatchObject({ code: 'absent', suggestions: [expect.any(String)] })
  })

  it('says that there is no such agent, and no context', async () => {
    await expect(getValue(await world(), { agent: 'nobody' })).rejects.toMatchObject({
      code: 'absent',
      message: expect.stringContaining('nobody'),
    })
    await expect(getValue(fakeSurroundings().memory, {})).rejects.toMatchObject({ code: 'absent' })
  })

  it('takes pointers by RFC 6901 and refuses what is none', () => {
    expect(stepsOf('/a~1b/~0c//')).toEqual(['a/b', '~c', '', ''])
    expect(stepsOf('/~01')).toEqual(['~1'])
    expect(() => stepsOf('/a~2')).toThrow(/no JSON Pointer/)
    expect(stepsOf('')).toEqual([])
    expect(stepsOf('a.b')).toEqual(['a', 'b'])
  })
})

it.each([
  ['away', null, 'no context can be read from the file, and Redis could not be asked'],
  ['away', 'it is silent', 'no context can be read from the file, and Redis could not be asked: it is silent'],
  ['online', null, 'no context can be read, neither from the file nor from Redis'],
  ['off', 'it is switched off', 'no context can be read from the file, and no Redis is used: it is switched off'],
  ['off', 'no Redis was found', 'no context can be read from the file, and no Redis is used: no Redis was found'],
] as const)('says where it has looked for a context that is not there (%s, %s)', async (redis, redisReason, message) => {
  const { memory } = fakeSurroundings()
  const status = { ...(await memory.status()), redis, redisReason }
  const suggestions: unknown = expect.arrayContaining([expect.stringContaining('a file that cannot be read')])
  const empty = Object.assign(memory, { read: () => Promise.resolve(null), readText: () => Promise.resolve(null), status: () => Promise.resolve(status) })
  await expect(getText(empty)).rejects.toThrow(expect.objectContaining({ code: 'absent', message, suggestions }) as Error)
  await expect(getValue(empty, { path: 'agents' })).rejects.toThrow(message)
})

describe('the format of a value', () => {
  it('prints strings without quotes only when asked to, and never with the origin', async () => {
    const found = await getValue(await world(), { path: '/agents/mary.v1/context/text' })
    expect(formatFound(found, PLAIN)).toBe('"line\\n\\"สวัสดี\\""')
    expect(formatFound(found, { ...PLAIN, raw: true })).toBe('line\n"สวัสดี"')
    expect(formatFound(found, { raw: true, compact: true, withMeta: true })).toBe(
      '{"rev":1,"durability":"file","source":"file","pending":0,"context":"line\\n\\"สวัสดี\\""}',
    )
  })

  it('lays values out over lines with two spaces a level', async () => {
    const found = await getValue(await world(), { path: '/agents/mary.v1/context/list' })
    expect(formatFound(found, { ...PLAIN, compact: false })).toBe(
      '[\n  {\n    "x": [\n      1,\n      "two"\n    ]\n  },\n  []\n]',
    )
  })
})
