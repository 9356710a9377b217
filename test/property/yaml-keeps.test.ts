// What is written as YAML is read back as the very same tree: type, text and digits.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLine, parseTreeMap, type TreeMap } from '../../src/domain/json.js'
import { formatYaml, parseYaml } from '../../src/usecases/tasks/yaml-text.js'
import { runs } from '../support/budget.js'

/** The same cases each time; another seed looks at others, and a long run at many more. */
const SEED = Number(process.env['MEMORY_SYNC_TEST_SEED'] ?? 1)
const RUNS = Number(process.env['MEMORY_SYNC_TEST_RUNS'] ?? runs(3_000, 700))

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max })
const whole = digits(1, 24).map((text) => text.replace(/^0+(?=\d)/, ''))

/** As JSON has them. */
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    whole,
    fc.option(digits(1, 24)),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(1, 4))),
  )
  .map(([sign, before, behind, exponent]) => `${sign}${before}${behind === null ? '' : `.${behind}`}${(exponent ?? []).join('')}`)

const ODD = [
  ...['1E5', '27e7220', '1.5E+3', '0x1F', '0o17', '1_000', '1:30', '.inf', 'yes', 'n', 'null', '~', '<<', '=', '2025-01-01', '!!float 1', '&a', '*a'],
  ...['---', '...', '- x', 'a: b', '# c', '%', '?', ' ', '\t', '\r\n', 'a\rb', '\n\n x\n', '\ud800', '\udc00x', '\u0085', '\u2028', '\ufeff', 'x'.repeat(1_100)],
]
const PARTS = ['word', ' ', '  ', '\n', '\t', '#', ': ', '"', "'", '\r']
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ maxLength: 20 }),
  fc.array(fc.constantFrom(...PARTS), { maxLength: 40 }).map((parts) => parts.join('')),
  fc.constantFrom(...ODD),
  number,
)
const json = (value: string): string => JSON.stringify(value)

const { value: anyValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    number,
    text.map(json),
    fc.constantFrom('true', 'false', 'null', '{}', '[]'),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    members(tie('value')),
  ),
}))

function members(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.tuple(text, value), { maxLength: 4, selector: ([key]) => key })
    .map((entries) => `{${entries.map(([key, member]) => `${json(key)}:${member}`).join(',')}}`)
}

const documents = members(anyValue).map((line) => parseTreeMap(line))
const lineOf = (tree: TreeMap): string => formatLine(tree)
/** Order is that of the text which is written into. */
const sorted = (tree: TreeMap): unknown =>
  [...tree].map(([key, value]) => [key, typeof value === 'string' ? value : sorted(value)]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))

describe('YAML', () => {
  it('is read back as the tree that was written', () => {
    fc.assert(
      fc.property(documents, (tree) => {
        expect(lineOf(parseYaml(formatYaml(tree, null)))).toBe(lineOf(tree))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })

  it('is read back so when it is written into a text that was another tree, too', () => {
    fc.assert(
      fc.property(documents, documents, (before, tree) => {
        expect(sorted(parseYaml(formatYaml(tree, formatYaml(before, null))))).toEqual(sorted(tree))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })
})
