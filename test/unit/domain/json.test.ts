import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLine, formatPretty, InvalidJson, MAX_DEPTH, parseTree } from '../../../src/domain/json.js'

/** As nobody here prints it, so that each character is looked at. */
const inAnotherLayout = (value: unknown): string => JSON.stringify(value, null, 3)

describe('the tree of a text', () => {
  it('is the same however the text is laid out', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const expected = formatLine(parseTree(inAnotherLayout(value)))
        expect(formatLine(parseTree(JSON.stringify(value)))).toBe(expected)
        expect(formatLine(parseTree(`${JSON.stringify(value, null, 2)}\n`))).toBe(expected)
        expect(expected).toBe(JSON.stringify(value))
      }),
    )
  })

  it.each([
    ['keys that look like numbers', '{"b":1,"10":2,"9":{"2":0,"1":0}}'],
    ['a number with more digits than a double has', '{"a":12345678901234567890}'],
    ['a number as it was written', '{"a":1.0,"b":1e2,"c":-0}'],
    ['such a number in a list', '{"a":[1.0,{"b":-0}]}'],
    ['a key that objects have by themselves', '{"__proto__":{"a":1},"constructor":2}'],
    ['half a character', String.raw`{"a":"\ud800"}`],
    ['the empty key', '{"":{}}'],
  ])('keeps %s', (_what, text) => {
    expect(formatLine(parseTree(text))).toBe(text)
    expect(formatLine(parseTree(formatPretty(parseTree(text))))).toBe(text)
  })

  it('has each string in one way', () => {
    expect(formatLine(parseTree(String.raw`{"\u0061":"\/\u0041"}`))).toBe('{"a":"/A"}')
  })

  it('is refused where a key stands twice', () => {
    expect(() => parseTree('{"a":1,"a":1}')).toThrow(InvalidJson)
    expect(() => parseTree('{"b":[{}],"a":{"c":1,"c":2}}')).toThrow('the key "c" stands twice')
  })

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
    ['both', '{"a":[', ']}'],
  ])('is refused where it is nested too deeply: %s', (_what, open, close) => {
    const nested = (levels: number, inner = '1'): string => `${open.repeat(levels)}${inner}${close.repeat(levels)}`
    const most = open === '{"a":[' ? MAX_DEPTH / 2 : MAX_DEPTH
    expect(formatLine(parseTree(nested(most)))).toBe(nested(most))
    expect(() => parseTree(nested(most, '[]'))).toThrow(InvalidJson)
    expect(() => parseTree(nested(20_000))).toThrow(InvalidJson)
    expect(() => parseTree(`{"twice":${nested(1_000)},"twice":1}`)).toThrow(InvalidJson)
  })
})
