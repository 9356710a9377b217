import { describe, expect, it } from 'vitest'
import { formatLine, parseTreeMap } from '../../../src/domain/json.js'
import { setContext } from '../../../src/usecases/set.js'
import { fakeSurroundings } from '../../support/fake-memory.js'

async function patched(target: string, patch: string): Promise<string> {
  const world = fakeSurroundings()
  if (target !== '') await setContext(world, { name: 'current_work', patch: parseTreeMap(target) })
  await setContext(world, { name: 'current_work', patch: parseTreeMap(patch) })
  const work = (await world.memory.read())?.context.get('current_work')
  return work === undefined ? 'absent' : formatLine(work)
}

describe('a merge patch', () => {
  // RFC 7386, appendix A, as far as both sides are objects: the target is one member of the context.
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"a":"foo"}', '{"b":null}', '{"a":"foo"}'],
    ['', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{"a":1}', '{"a":{"b":null}}', '{"a":{}}'],
    ['{"a":{"b":1,"c":2}}', '{"a":{"b":null}}', '{"a":{"c":2}}'],
    ['{"a":{"b":1}}', '{"a":{}}', '{"a":{"b":1}}'],
    ['{"a":[null]}', '{"a":[1,null]}', '{"a":[1,null]}'],
    ['', '{}', '{}'],
  ])('of %s with %s gives %s', async (target, patch, result) => {
    expect(await patched(target, patch)).toBe(result)
  })
})
