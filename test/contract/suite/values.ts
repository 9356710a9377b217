import { describe, expect, it } from 'vitest'
import { formatLine, leafOf } from '../../../src/domain/json.js'
import { CONTEXT } from '../../../src/domain/operation.js'
import { formatPointer } from '../../../src/domain/pointer.js'
import type { Subject } from '../store-contract.js'
import { MARY, Session } from './session.js'

const TEXTS: readonly string[] = [
  '', ' ', '5', '1.10', 'true', 'null', '{}', '[]', '"', '"x"', '{"a":1}', 'ภาษาไทย', '😀 👩‍👩‍👧', 'a\nb', '\r\n', '\t', '\0', '\u007f\u0085\u2028',
  '\ud800', 'a\udc00b', `it's $(rm -rf ~) \`x\` "q" \\ ; & | %s`, '-1', '+x', 'x'.repeat(70_000),
]
const OTHERS: readonly string[] = [
  '0', '-0', '1.10', '1E5', '1e-7', '12345678901234567890', '0.1234567890123456789', 'true', 'false', 'null',
  '[]', '{}', '[[],{}]', '[1.10,"ü","\\ud800","\\u0000",{"10":1,"2":{},"__proto__":[]}]',
]
const NAMES: readonly string[] = [
  '10', '2', '__proto__', 'constructor', 'ไทย', '😀', 'a b', 'a/b', 'a~b', '', 'a\nb', '"x"', '"a\\nb"', '\ud800', '#a', '+a', '=a', 'L', 'epoch',
]

export function describeValues({ make }: Subject): void {
  describe('a value', () => {
    const cases = [...TEXTS.map(leafOf), ...OTHERS]
    it.each(cases.map((value) => [value.length > 60 ? `${value.slice(0, 60)}...` : value, value]))(
      'comes back as it went in: %s',
      async (_, value) => {
        const session = await Session.begin((await make()).store)
        for (const [target, path] of [
          [MARY, '/field'],
          [MARY, '/context'],
          [MARY, '/context/a/b'],
          [CONTEXT, '/member'],
          [CONTEXT, '/current_work/a'],
        ] as const) {
          await session.commit({ target, set: { [path.slice(0, path.indexOf('/', 1) + 1 || undefined).replace(/\/$/, '')]: null } })
          await session.commit({ target, set: { [path]: value } })
          const line = path.slice(1).split('/').reduceRight((inner, key) => `{${leafOf(key)}:${inner}}`, value)
          expect(formatLine((await session.entry(target)).tree)).toContain(line.slice(1, -1))
        }
      },
    )

    it('may have a mebibyte', async () => {
      const session = await Session.begin((await make()).store)
      const value = leafOf('ü'.repeat(524_288))
      await session.commit({ set: { '/context/a': value, '/b': value } })
      expect((await session.entry()).tree.get('b')).toBe(value)
    })

    it('keeps its type when it is replaced', async () => {
      const session = await Session.begin((await make()).store)
      for (const value of ['5', '"5"', 'true', '"true"', '[1]', '"[1]"', '{}', '"{}"', 'null', '"null"', '"a\\nb"', '"\\"a\\\\nb\\""']) {
        await session.commit({ set: { '/a': null } })
        await session.commit({ set: { '/a': value } })
        expect(formatLine((await session.entry()).tree)).toBe(`{"a":${value}}`)
      }
    })
  })

  describe('a name', () => {
    it('is data, whatever it is, and the order is that in which the names came', async () => {
      const session = await Session.begin((await make()).store)
      for (const [target, prefix] of [
        [MARY, ''],
        [CONTEXT, ''],
        ['agent:nested', '/context'],
      ] as const) {
        const set = Object.fromEntries(NAMES.map((name, n) => [prefix + formatPointer([name]), String(n)]))
        await session.commit({ target, set })
        const expected = `{${NAMES.map((name, n) => `${leafOf(name)}:${n}`).join(',')}}`
        expect(formatLine((await session.entry(target)).tree)).toBe(prefix === '' ? expected : `{"context":${expected}}`)
      }
    })

    it('that is compared is the one that was written', async () => {
      const session = await Session.begin((await make()).store)
      for (const name of NAMES) {
        const path = `${formatPointer([name])}/x`
        await session.commit({ set: { [path]: '1' } })
        expect(await session.propose({ set: { [path]: '2' } })).toMatchObject({ is: 'committed' })
        expect((await session.entry()).tree.get(name)).toEqual(new Map([['x', '2']]))
      }
    })

    it('keeps its place when its value changes, and comes last when it comes again', async () => {
      const session = await Session.begin((await make()).store)
      const order = async (): Promise<string> => [...(await session.entry()).tree.keys()].join(' ')
      for (const name of ['9', 'b', '10', 'a']) await session.commit({ set: { [`/${name}`]: '1' } })
      await session.commit({ set: { '/b': '2', '/c': '1', '/9': '3' } })
      expect(await order()).toBe('9 b 10 a c')
      await session.commit({ set: { '/b': null } })
      await session.commit({ set: { '/b': '1' } })
      expect(await order()).toBe('9 10 a c b')
    })

    it('keeps its place among two hundred', async () => {
      const session = await Session.begin((await make()).store)
      const names = Array.from({ length: 200 }, (_, n) => `n${(n * 7919) % 1_000}`)
      await session.commit({ set: Object.fromEntries(names.map((name) => [`/${name}`, leafOf('x'.repeat(100))])) })
      expect([...(await session.entry()).tree.keys()]).toEqual(names)
    })
  })
}
