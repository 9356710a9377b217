import { describe, expect, test } from 'vitest'
import { closest } from '../../../src/domain/hand-edit.js'
import { parseTreeMap } from '../../../src/domain/json.js'

const version = (name: string, text: string) => ({ name, document: parseTreeMap(text) })

/** Both show revision 7: the second has an agent more, for a pending write that had ended without a change was dropped. */
const BEFORE = version('before', '{"last_update":"10:00","agents":{"a":{"n":1}},"rev":7}')
const AFTER = version('after', '{"last_update":"10:05","agents":{"a":{"n":1},"tmp":{"n":1}},"rev":7}')

describe('which of two versions with one revision was edited', () => {
  test('is told by its last_update: an agent that was taken out of the later one is missed', () => {
    const edited = parseTreeMap('{"last_update":"10:05","agents":{"a":{"n":1,"edit":2}},"rev":7}')
    expect(closest([AFTER, BEFORE], edited)?.name).toBe('after')
  })

  test('is the one with fewer differences where a program has set last_update itself', () => {
    const edited = parseTreeMap('{"last_update":"now","agents":{"a":{"n":1,"edit":2}},"rev":7}')
    expect(closest([AFTER, BEFORE], edited)?.name).toBe('before')
  })
})
