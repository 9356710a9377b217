import { describe, expect, it } from 'vitest'
import { formatLine, parseTreeMap, type TreeMap } from '../../../src/domain/json.js'
import { formatYaml, InvalidYaml, parseYaml, withoutLosses } from '../../../src/usecases/tasks/yaml-text.js'
import { TRACKING } from '../../support/tracking-2025.js'

const itemOf = (tree: TreeMap, id: string): TreeMap => (tree.get('prp_tracking') as TreeMap).get(id) as TreeMap

/** Nobody could say what they are in a document of ours. */
const UNREADABLE = ['a: [{k: 1, k: 2}]', 'a:\n  - {1: x, "1": y}', '? [a, b]\n: 1\n', '&k x: 1\n*k : 2\n', 'a: {<<: 1}', 'a: {<<: [{x: 1}, 2]}', 'a: !!int x', 'a: !!float x', 'a: !!bool x', 'a: !!null x']

describe('YAML', () => {
  it('is read as the older programs read it: a commit is no number, null is null, digits stay', () => {
    const tree = parseYaml(TRACKING)
    expect(itemOf(tree, 'P0-001').get('github_commit')).toBe('"27e7220"')
    expect(itemOf(tree, 'P0-021').get('github_commit')).toBe('3320525')
    expect(itemOf(tree, 'P3-005').get('weight')).toBe('1.10')
    expect(itemOf(tree, 'P3-005').get('started_at')).toBe('null')
    expect(formatLine(parseYaml('a: yes\nb: 0123\nc: .inf\nd: 12345678901234567890\ne: 1.5E+3\n10: x\n'))).toBe(
      '{"a":true,"b":"0123","c":".inf","d":12345678901234567890,"e":1.5E+3,"10":"x"}',
    )
  })

  it.each([['into the text it came from', TRACKING], ['into nothing', null]])('comes out as it went in, %s', (_, basis) => {
    const tree = parseYaml(TRACKING)
    expect(formatLine(parseYaml(formatYaml(tree, basis)))).toBe(formatLine(tree))
  })

  it('keeps comments, order and style of what does not change', () => {
    const tree = parseYaml(TRACKING)
    itemOf(tree, 'P3-006').set('status', '"validated"')
    itemOf(tree, 'P3-006').set('validated_at', '"2026-01-01T00:00:00Z"')
    itemOf(tree, 'P3-005').delete('notes')
    const expected = TRACKING.replace('27e7220 #', "'27e7220' #")
      .replace('Mocks out\n    status: new\n    validated_at: null', "Mocks out\n    status: validated\n    validated_at: '2026-01-01T00:00:00Z'")
      .replace('    notes: PRP exists, marking as validated\n', '')
      .replace('    - P0-021', '      - P0-021')
    expect(formatYaml(tree, TRACKING)).toBe(expected)
  })

  it('takes any text as a text', () => {
    for (const text of ['1e5', 'yes', '2025-01-01', 'null', '~', '', ' a', 'a: b', '# c', 'line\nbreak\n', '0x1F', '- x', '"', "it's", '\u0000\u001b[31m', 'ไทย']) {
      const tree: TreeMap = new Map([['v', JSON.stringify(text)]])
      expect(formatLine(parseYaml(formatYaml(tree, null)))).toBe(formatLine(tree))
    }
  })

  it('has a number of which the older programs would make a text with its tag, and takes it back as a number', () => {
    const tree = parseTreeMap('{"a":1E5,"b":1e-7,"c":[1e400,{"d":0.1234567890123456789}],"e":1.5E+3,"f":5.0,"g":"1E5"}')
    const text = formatYaml(tree, null)
    expect(text).toBe("a: !!float 1E5\nb: !!float 1e-7\nc: [!!float 1e400, {\"d\": 0.1234567890123456789}]\ne: 1.5E+3\nf: 5.0\ng: '1E5'\n")
    expect(formatLine(parseYaml(`# by hand\n${text}`))).toBe(formatLine(tree))
  })

  it('leaves what only the older programs take for a number as it stands, and knows it as a text', () => {
    const numbers = ['1_000', '1:30', '1:30.5', '0x1F', '017', '0123', '0b11', '+5', '5.', '.5', '1_0.5', '-.inf', '.inf', '.nan']
    const text = `${numbers.map((number, n) => `k${n}: ${number}\n`).join('')}list: [${numbers.join(', ')}]\nold: 1\n`
    const tree = parseYaml(text)
    expect(tree.get('k0')).toBe('"1_000"')
    expect(tree.get('list')).toBe(JSON.stringify(numbers))
    tree.set('old', '2')
    expect(formatYaml(tree, text)).toBe(text.replace('old: 1', 'old: 2'))
    expect(formatYaml(parseYaml("a: '017'\nb: 0o17\nc: 27e7220\n"), "a: '017'\nb: 0o17\nc: 27e7220\n")).toBe("a: '017'\nb: '0o17'\nc: '27e7220'\n")
    expect(formatYaml(tree, null)).toContain("k3: '0x1F'\n") // nobody wrote it without quotes
  })

  it('writes a reference to another item as the key of that item', () => {
    const text = '017: {title: x}\nyes: {title: z}\nA1:\n  depends_on: [017, yes]\n  dependencies:\n    - 017\n  estimates: [017]\nold: 1\n'
    const tree = parseYaml(text)
    expect(formatLine(tree.get('A1')!)).toBe('{"depends_on":["017","yes"],"dependencies":["017"],"estimates":["017"]}')
    tree.set('old', '2')
    const written = formatYaml(tree, text)
    expect(written).toContain("'017': {title: x}\n'yes': {title: z}\n")
    expect(written).toContain("depends_on: ['017', 'yes']\n  dependencies:\n    - '017'\n  estimates: [017]\n")
  })

  it('takes tags of others for what they say, and writes them as its own', () => {
    const text = 'a: !!int 5\nb: !!float 5\nc: !!int 0x1F\nd: !!float .inf\ne: !!float 1E5\nf: !!str 5\n'
    const tree = parseYaml(text)
    expect(formatLine(tree)).toBe('{"a":5,"b":5,"c":"0x1F","d":".inf","e":1E5,"f":"5"}')
    expect(formatLine(parseYaml(formatYaml(tree, text)))).toBe(formatLine(tree))
  })

  it('has what is merged into a mapping, its own members first, and writes it as values of its own', () => {
    const text = 'base: &b {p: 1, q: 2}\nother: &o {q: 3, r: 4}\na:\n  <<: [*b, *o]\n  p: 0 # kept\nc:\n  <<: *o\nd: {"<<": 5}\n'
    const tree = parseYaml(text)
    const line = '{"base":{"p":1,"q":2},"other":{"q":3,"r":4},"a":{"p":0,"q":2,"r":4},"c":{"q":3,"r":4},"d":{"<<":5}}'
    expect(formatLine(tree)).toBe(line)
    expect(formatLine(parseYaml(formatYaml(tree, text)))).toBe(line)
    const { a } = Object.fromEntries(tree) as { a: TreeMap }
    a.delete('q')
    a.set('p', '7')
    const edited = formatYaml(tree, text)
    expect(edited).toContain('p: 7 # kept')
    expect(formatLine(parseYaml(edited))).toBe(formatLine(tree))
  })

  it('takes what its tag calls a text for one, and members in an ordered map for what they are', () => {
    expect(formatLine(parseYaml('a: !!str yes\nb: !!bool yes\nc: !!str off\nd: !!omap [x: 1, y: no]\ne: !!set {f, g}\n'))).toBe(
      '{"a":"yes","b":true,"c":"off","d":[{"x":1},{"y":false}],"e":{"f":null,"g":null}}',
    )
    expect(formatYaml(parseTreeMap('{"=":"=","<<":"<<"}'), null)).toBe('"=": "="\n\'<<\': \'<<\'\n')
  })

  it('leaves a name the text that it was written as', () => {
    const text = 'on: 1\na: {yes: 1, y: 2}\n'
    expect(formatLine(parseYaml(text))).toBe('{"on":1,"a":{"yes":1,"y":2}}')
    expect(formatLine(parseYaml(formatYaml(parseYaml(text), text)))).toBe('{"on":1,"a":{"yes":1,"y":2}}')
  })

  it('keeps whatever depth a value may have', () => {
    const tree = parseTreeMap(`{"list":${'['.repeat(480)}1${']'.repeat(480)},"map":${'{"a":'.repeat(480)}1${'}'.repeat(480)}}`)
    expect(formatLine(parseYaml(formatYaml(tree, null)))).toBe(formatLine(tree))
  })

  it('that has references changes only where it is to be changed', () => {
    const tree = parseTreeMap('{"a":{"n":2},"b":{"n":1},"c":3,"d":1}')
    const text = formatYaml(tree, 'a: &a\n  n: 1 # kept\nb: *a\nc: &c 1\nd: *c\n')
    expect(formatLine(parseYaml(text))).toBe(formatLine(tree))
    expect(text).toContain('# kept')
  })

  it('cannot say a key twice, which nobody has changed who leaves it as it is', () => {
    const written = parseTreeMap('{"a":[{"k":1,"k":2}],"b":[{"k":1,"k":2}],"c":[{"k":1,"k":2}]}')
    const shown = formatYaml(written, null)
    expect(shown).toBe('a: [{"k": 2}]\nb: [{"k": 2}]\nc: [{"k": 2}]\n')
    const edited = parseYaml(shown.replace('b: [{"k": 2}]', 'b: [{"k": 3}]').replace(/c: .*\n/, ''))
    expect(formatLine(withoutLosses(edited, written))).toBe('{"a":[{"k":1,"k":2}],"b":[{"k":3}]}')
  })

  it.each(['a: [1', 'a: 1\na: 2\n', '- 1\n', 'just text', 'a: 1\n---\nb: 2\n', '&a a: *b', ...UNREADABLE])('is refused with the reason: %j', (text) => {
    expect(() => parseYaml(text)).toThrow(InvalidYaml)
    expect(formatYaml(parseTreeMap('{"b":1}'), text)).toBe('b: 1\n')
  })

  it('with references that multiply is refused', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(',')}]`)
    expect(() => parseYaml(`l0: &l0 x\n${levels.join('\n')}\n`)).toThrow('too many references')
  })
})
