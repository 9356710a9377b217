import { expect, test } from 'vitest'
import { HistoryKeeping } from '../../../src/core/history-keeping.js'
import type { Ports } from '../../../src/core/ports.js'
import type { Change } from '../../../src/domain/operation.js'
import { nodeFiles } from '../../../src/platform/node-files.js'
import { HistoryFile } from '../../../src/store/file/history.js'
import type { History, JournalLine } from '../../../src/store/root.js'
import { makeTempFolder } from '../../support/temp.js'

const changeOf = (rev: number, value = '1'): Change => ({
  ...{ rev, prev: rev - 1, epoch: 'f1', id: `id${rev}`, t: rev, target: 'agent:mary', kind: 'set', by: 'mary' },
  leaves: [{ path: '/context/n', value }],
})

const upTo = (last: number, first = 1): Change[] => Array.from({ length: last - first + 1 }, (_, i) => changeOf(first + i))
const revsOf = (changes: readonly Change[]): number[] => changes.map(({ rev }) => rev)

/** A root whose history takes changes as long as it is open, and whose journal has all that was numbered. */
class Place {
  isOpen = true
  /** Changes that the history was asked to take, with those that it refused. */
  offered = 0
  readonly told: string[] = []
  readonly journal: JournalLine[] = []
  readonly keeping: HistoryKeeping

  constructor(readonly file: Pick<History, 'add' | 'after'>) {
    const add: History['add'] = (changes) => {
      this.offered += changes.length
      return this.isOpen ? file.add(changes) : Promise.reject(new Error('EACCES'))
    }
    const history = { add, after: (rev: number) => file.after(rev), follow: () => (rev: number) => file.after(rev) }
    const root = { history, load: () => Promise.resolve({ lines: [...this.journal] }) }
    this.keeping = new HistoryKeeping({ root, tell: (_: string, text: string) => void this.told.push(text) } as unknown as Ports)
  }

  static async make(): Promise<Place> {
    return new Place(new HistoryFile(await makeTempFolder(), nodeFiles))
  }

  /** As a sequencer of files does it. */
  async number(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      this.journal.push({ change })
      await this.keeping.add([change])
    }
  }
}

test('a history that refuses is not offered everything that it lacks with each change, and gets all of it in the end', async () => {
  const place = await Place.make()
  await place.number(upTo(5))
  place.isOpen = false
  await place.number(upTo(3_000, 6))
  expect(place.offered).toBeLessThan(100)
  expect(revsOf(await place.keeping.after(2_990))).toEqual(revsOf(upTo(3_000, 2_991)))
  await place.keeping.complete()
  expect(place.keeping.isOwed).toBe(true)
  place.isOpen = true
  await place.keeping.complete()
  expect(place.keeping.isOwed).toBe(false)
  expect(revsOf(await place.file.after(0))).toEqual(revsOf(upTo(3_000)))
  expect(place.told).toEqual([expect.stringContaining('EACCES')])
})

test('what a history lacks may be more than fits into one call', async () => {
  const place = await Place.make()
  place.isOpen = false
  await place.keeping.add(upTo(200_000))
  expect(place.keeping.from(Infinity)).toBe(0)
})

test('what is put into a history late hides nothing that is newer', async () => {
  const place = await Place.make()
  await place.number(upTo(5))
  place.isOpen = false
  await place.number(upTo(1_500, 6))
  place.isOpen = true
  await place.keeping.copy(upTo(1_520, 1_501)) // of a shared store, which went on in the meantime
  await place.keeping.complete()
  for (const rev of [0, 5, 700, 1_490, 1_505, 1_519]) expect(revsOf(await place.file.after(rev)), `behind ${rev}`).toEqual(revsOf(upTo(1_520, rev + 1)))
})
