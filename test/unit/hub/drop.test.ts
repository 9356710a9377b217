import { expect, test } from 'vitest'
import { parseTree } from '../../../src/domain/json.js'
import { parseDrop, parseDropName, writeOfDrop } from '../../../src/hub/drop.js'

const now = { ms: Date.UTC(2025, 10, 12, 8, 0, 0), offsetMinutes: 420 }

test.each([
  ['gc_context_1762908884.json', { agent: 'gc', what: 'context', at: 1762908884000 }],
  ['cls_result_1762908884144.json', { agent: 'cls', what: 'result', at: 1762908884144 }],
  ['rnd_outcome_1762909414.json', { agent: 'rnd', what: 'outcome', at: 1762909414000 }],
  ['gc_my_long_name_1762908884.json', { agent: 'gc', what: 'my_long_name', at: 1762908884000 }],
  ['mary_result_1762909414_4711.json', { agent: 'mary', what: 'result', at: 1762909414000 }],
  ['a.b-c:d_context_1.json', { agent: 'a.b-c:d', what: 'context', at: 1000 }],
])('%s is read as a drop', (name, drop) => {
  expect(parseDropName(name)).toEqual(drop)
})

test.each(['gc_context.json', 'context_1.json', '_context_1.json', 'g c_context_1.json', '.._context_1.json', 'current.json', '__proto___x_1.json', 'gc_context_1.txt', 'gc__1.json'])(
  '%s is no drop',
  (name) => {
    expect(parseDropName(name)).toBeNull()
  },
)

test.each([
  ['code_reviewer_context_1.json', { agent: 'code_reviewer', what: 'context', at: 1000 }],
  ['code_reviewer_two_test_result_1762909414_4711.json', { agent: 'code_reviewer_two', what: 'test_result', at: 1762909414000 }],
  ['_own_context_1.json', { agent: '_own', what: 'context', at: 1000 }],
  ['gc_my_long_name_1.json', { agent: 'gc', what: 'my_long_name', at: 1000 }],
  ['new_one_context_1.json', { agent: 'new', what: 'one_context', at: 1000 }],
  ['gc_result_1.json', { agent: 'gc', what: 'result', at: 1000 }],
])('%s is of the agent with the longest name that is known, else of what stands before the first _', (name, drop) => {
  const agents = ['gc', 'gc_result', 'code', 'code_reviewer', 'code_reviewer_two', '_own']
  expect(parseDropName(name, (agent) => agents.includes(agent))).toEqual(drop)
})

test('a context is merged, leaf by leaf, with nulls as deletions', () => {
  const drop = { agent: 'gc', what: 'context', at: now.ms - 5000 }
  const write = writeOfDrop(drop, parseTree('{"a":1.10,"b":{"c":null,"d":[1,2]},"e":{}}'), now)
  expect(write).toMatchObject({ target: 'agent:gc', by: 'gc', kind: 'set' })
  expect(write.edits).toEqual([
    { do: 'default', path: '/status', value: '"active"' },
    { do: 'default', path: '/last_seen', value: '"2025-11-12T14:59:55.000+07:00"' },
    { do: 'set', path: '/last_update', value: '"2025-11-12T15:00:00.000+07:00"' },
    { do: 'set', path: '/context/a', value: '1.10' },
    { do: 'delete', path: '/context/b/c' },
    { do: 'set', path: '/context/b/d', value: '[1,2]' },
    { do: 'set', path: '/context/e', value: '{}' },
  ])
})

test('a patch that only deletes makes the objects that it deletes from, as RFC 7386 has it', () => {
  const editsOf = (text: string) => writeOfDrop({ agent: 'gc', what: 'context', at: 0 }, parseTree(text), now).edits.slice(3)
  expect(editsOf('{"a":{"b":null}}')).toEqual([
    { do: 'set', path: '/context/a', value: '{}' },
    { do: 'delete', path: '/context/a/b' },
  ])
  expect(editsOf('{}')).toEqual([{ do: 'set', path: '/context', value: '{}' }])
})

test('a drop that has lain for long is no sign of life', () => {
  const write = writeOfDrop({ agent: 'gc', what: 'context', at: now.ms - 3_600_000 }, parseTree('{}'), now)
  const at = '"2025-11-12T14:00:00.000+07:00"'
  expect(write.edits.slice(1, 3)).toEqual([
    { do: 'default', path: '/last_seen', value: at },
    { do: 'default', path: '/last_update', value: at },
  ])
})

test('a drop from the future was seen now', () => {
  const write = writeOfDrop({ agent: 'gc', what: 'context', at: now.ms + 86_400_000 }, parseTree('{}'), now)
  expect(write.edits).toContainEqual({ do: 'default', path: '/last_seen', value: '"2025-11-12T15:00:00.000+07:00"' })
})

test('a result takes the place of the one before, whatever JSON it is', () => {
  const editsOf = (text: string) => writeOfDrop({ agent: 'mary', what: 'result', at: 0 }, parseTree(text), now).edits.slice(3)
  expect(editsOf('{"ok":true,"n":{}}')).toEqual([
    { do: 'delete', path: '/context/result' },
    { do: 'set', path: '/context/result/ok', value: 'true' },
    { do: 'set', path: '/context/result/n', value: '{}' },
  ])
  expect(editsOf('[1,{"a":2}]')).toEqual([{ do: 'set', path: '/context/result', value: '[1,{"a":2}]' }])
  expect(editsOf('null')).toEqual([{ do: 'set', path: '/context/result', value: 'null' }])
})

test('what a file is called never becomes a path: slashes and tildes are escaped', () => {
  const write = writeOfDrop({ agent: 'x', what: 'a~b', at: 0 }, parseTree('1'), now)
  expect(write.edits.at(-1)).toEqual({ do: 'set', path: '/context/a~0b', value: '1' })
})

test('what cannot be kept is refused', () => {
  expect(() => writeOfDrop({ agent: 'gc', what: 'context', at: 0 }, parseTree('[1]'), now)).toThrow(/JSON object/)
  expect(() => writeOfDrop({ agent: 'gc', what: 'result', at: 0 }, JSON.stringify('x'.repeat(1024 * 1024 + 1)), now)).toThrow(/1 MiB/)
  expect(() => parseDrop('{"a":1')).toThrow(/no valid JSON/)
  expect(() => parseDrop('{"a":1,"a":2}')).toThrow(/twice/)
  expect(parseDrop('\uFEFF{}')).toEqual(new Map())
})
