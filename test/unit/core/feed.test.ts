import { expect, test } from 'vitest'
import { Feed } from '../../../src/core/feed.js'

test('the event of a change is told as the change; one that somebody else has counted, or that was published here, as it came', () => {
  const feed: Feed = new Feed({
    ...{ rev: () => 200_000_000_000, now: () => Date.UTC(2020, 0, 1) + 210_000_000_000, rootId: () => 'r', document: () => new Map(), older: () => Promise.resolve({ changes: [], complete: true }) },
    ...{ pending: () => [], isOpen: () => false, lastSettled: () => feed.source },
  })
  const heard: [text: string, rev?: number][] = [['late', 199_999_999_000], ['theirs', 42], ['to come', 200_000_000_001], ['begins an epoch', 210_000_000_001], ['by a clock', 1_790_000_000_000], ['other']]
  for (const [text, rev] of heard) feed.takeMessage(text, rev)
  expect(feed.messagesAfter(0).map(({ text }) => text)).toEqual(['theirs', 'by a clock', 'other'])
})
