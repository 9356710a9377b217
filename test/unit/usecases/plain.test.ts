import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { formatLine, parseTree } from '../../../src/domain/json.js'
import { type PlainInput, plainOf, plainOfText, treeOf, treeOfObjectGiven } from '../../../src/usecases/plain.js'

describe('plain values', () => {
  it.each(['{"a":[1,{"b":"1234567890123456789"}],"c":null,"d":true,"e":"-5","f":1.5,"g":{},"h":[]}', '"x"', '5', '[]'])(
    'come and go as %s',
    (text) => {
      expect(plainOf(parseTree(text))).toEqual(JSON.parse(text))
      expect(formatLine(treeOf(plainOf(parseTree(text))))).toBe(text)
    },
  )

  it('hold a number that JavaScript cannot hold as its digits', () => {
    expect(
      plainOf(parseTree('{"a":12345678901234567890,"b":[-12345678901234567890],"c":1e400,"d":9007199254740991}')),
    ).toEqual({
      ...{ a: '12345678901234567890', b: ['-12345678901234567890'], c: '1e400', d: 9007199254740991 },
    })
  })

  it.each([
    ...['12345678901234567890', '-9007199254740993', '9007199254740992', '1e400', '-1E+400', '1.5e999'].map((number) => [number, number] as const),
    ...['9007199254740994.1', '0.1234567890123456789', '-1.00000000000000000001', '1e-400', '-4E-324', '9007199254740993e0', '1e99999999999999999999'].map((number) => [number, number] as const),
    ...['9007199254740991', '-5', '1e5', '1.5E-3', '123456789012345'].map((number) => [number, Number(number)] as const),
    ...['5.0', '1E5', '0.10', '1.50e+1', '100e-2', '0.30000000000000004', '1700000000.1234560', '1e21', '1E+21', '5e-324', '1.7976931348623157e308', '0.000001', '1e-7', '12300000000000000000000e-3'].map((number) => [number, Number(number)] as const),
    ...['-0', '-0.0', '-0E5', '-0.000000000000000000e-400'].map((number) => [number, -0] as const),
    ...['0', '0.00', '0E+400', '0e99999999999999999999'].map((number) => [number, 0] as const),
  ])('hold %s, wherever it stands', (number, held) => {
    expect(plainOfText(number)).toBe(held)
    expect(plainOfText(`{"a":${number}}`)).toEqual({ a: held })
    expect(plainOfText(`{ "a" :\n  ${number} , "b": "x, ${number}" }`)).toEqual({ a: held, b: `x, ${number}` })
    expect(plainOfText(`[${number}]`)).toEqual([held])
    expect(plainOfText(`[1, ${number},\t${number}]`)).toEqual([1, held, held])
  })

  it('are told in no time whether they hold a number of very many digits', () => {
    const number = `1${'0'.repeat(500_000)}1.${'0'.repeat(500_000)}1`
    expect(plainOfText(`[${number}]`)).toEqual([number]) // squared, it would be longer than a test may take
  })

  it('keep __proto__ as a key', () => {
    const value = plainOf(parseTree('{"__proto__":{"a":1}}'))
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect(formatLine(treeOf(value))).toBe('{"__proto__":{"a":1}}')
  })

  it('take bigint and dates, and leave out what has no value', () => {
    const value = { a: 12345678901234567890n, b: new Date(0), c: undefined, d: [undefined] }
    expect(formatLine(treeOf(value))).toBe('{"a":12345678901234567890,"b":"1970-01-01T00:00:00.000Z","d":[null]}')
  })

  it('take what an array lacks as null, as JSON.stringify does', () => {
    const list: PlainInput[] = []
    list[1] = 'second'
    list.length = 3
    expect(formatLine(treeOf({ list }))).toBe(JSON.stringify({ list }))
  })

  it('take objects of other realms and of classes, and boxed values as what is in them', () => {
    class Point {
      x = 1
    }
    const value = { a: runInNewContext('({b: {}})') as PlainInput, p: new Point() as never, n: new Number(5) as never, s: new String('x') as never }
    expect(formatLine(treeOf(value))).toBe('{"a":{"b":{}},"p":{"x":1},"n":5,"s":"x"}')
    expect(formatLine(treeOf(Object.create(null) as PlainInput))).toBe('{}')
  })

  it.each<[string, unknown]>([
    ['a promise that nobody waited for', Promise.resolve(1)],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['an error', Object.assign(new Error('x'), { code: 'E' })],
    ['a pattern', /x/],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('refuse %s, wherever it stands', (_, value) => {
    for (const held of [value, { a: value }, [value]]) {
      expect(() => treeOf(held as PlainInput)).toThrow(expect.objectContaining({ code: 'usage' }))
    }
    expect(() => treeOfObjectGiven(value, 'the patch')).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it.each<[string, unknown, string]>([
    ['in an object in a list', { a: [1, { 'b/c': Number.NaN }] }, 'NaN is no JSON number (at /a/1/b/c)'],
    ['behind toJSON', { a: { toJSON: () => [() => 1] } }, 'a function is no JSON value (at /a/0)'],
    ['a Map', [new Map()], 'a Map is no JSON value (at /0): nothing of it would be kept'],
    ['under long names', { ['x'.repeat(60)]: { ['y'.repeat(60)]: Number.NaN } }, `NaN is no JSON number (at /${'x'.repeat(60)}/${'y'.repeat(18)}...)`],
    ['the value itself', Number.NaN, 'NaN is no JSON number'],
    ['an error of the value\'s own', { a: { toJSON: () => { throw new RangeError('its own') } } }, 'its own'],
  ])('say where it stands what they refuse: %s', (_, value, message) => {
    expect(() => treeOf(value as PlainInput)).toThrow(expect.objectContaining({ message }))
  })

  it('refuse what JSON cannot say', () => {
    const circle: { [key: string]: PlainInput } = {}
    circle['self'] = circle
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, { a: [Number.NaN] }, circle]) {
      expect(() => treeOf(value)).toThrow(expect.objectContaining({ code: 'usage' }))
    }
  })
})
