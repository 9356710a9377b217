import { expect, test } from 'vitest'
import { isForeign } from '../../../src/core/foreign-file.js'
import type { Ports } from '../../../src/core/ports.js'
import { parseTreeMap, type TreeMap } from '../../../src/domain/json.js'
import type { Change } from '../../../src/domain/operation.js'
import { emptyReplica } from '../../../src/domain/replica.js'

const document = (home = '/here', at = home): TreeMap => parseTreeMap(`{"last_update":"${at}","paths":{"sot":"${home}"},"agents":{}}`)

/** Revisions 1 to 3 with files only, then an epoch that began at 200, of which 201 to 203 are known; two writes wait. */
const HISTORY = [1, 2, 3, 201, 202, 203].map((rev) => ({ rev, prev: rev - 1 }) as Change)
const REPLICA = { ...emptyReplica(), epoch: 'r2', rev: 203, high: 203, contains: new Map([['f1', 3]]) }
const root = { history: { after: (rev: number) => Promise.resolve(HISTORY.filter((change) => change.rev > rev)) } }
const version = (rev: number) => ({ version: { rev, base: 0, epoch: 'r2', t: 0, hash: 'h' }, document: document() })
const look = (text: TreeMap, rev?: number, base?: ReturnType<typeof version>): Promise<boolean> =>
  isForeign({ root } as unknown as Pick<Ports, 'root'>, text, { rev, base, last: version(205), replica: REPLICA })

test.each([3, 200, 201, 203, 205])('a context.json with revision %i was made from one that stood here', async (rev) => {
  expect(await look(document(), rev)).toBe(false)
})

test.each([4, 199, 206, 999_999_999])('one with revision %i, of which nobody has heard here, is foreign', async (rev) => {
  expect(await look(document(), rev)).toBe(true)
})

test('one that says that it is of another root is foreign, whatever its revision', async () => {
  expect(await look(document('/elsewhere'), 203, version(203))).toBe(true)
  expect(await look(document('/elsewhere'))).toBe(true)
  expect(await look(document('/elsewhere', '/here'), 203, version(203))).toBe(false) // edited by hand: nothing was written since
  expect(await look(document(), 203, version(203))).toBe(false)
  expect(await look(document())).toBe(false)
})
