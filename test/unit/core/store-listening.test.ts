import { expect, test } from 'vitest'
import type { Ports } from '../../../src/core/ports.js'
import { StoreListening } from '../../../src/core/store-listening.js'
import { StoreUnavailable } from '../../../src/errors/errors.js'
import type { StoreListener, WakingStore } from '../../../src/store/contract.js'

/** A store in which what is published is heard when the test says so. */
function place() {
  const told: string[] = []
  const revs: (number | undefined)[] = []
  const heard: StoreListener[] = []
  const state = { now: 1_000_000, takes: true, listens: true, asked: 0 }
  const store = {
    publish: () => (state.takes ? Promise.resolve() : Promise.reject(new StoreUnavailable('away', true))),
    listen: (on: StoreListener) => {
      state.asked++
      if (!state.listens) return Promise.reject(new Error('NOPERM'))
      heard.push(on)
      return Promise.resolve(() => Promise.resolve())
    },
  } as unknown as WakingStore
  const ports = { clock: { now: () => state.now }, tell: () => undefined } as unknown as Ports
  const nothing = (): void => undefined
  const listening = new StoreListening(ports, { changed: nothing, touched: nothing, lost: nothing, published: (text, rev) => told.push(text) && revs.push(rev) })
  return { listening, store, told, revs, state, hear: (text: string, rev?: number) => heard.at(-1)!.published!(text, rev), lose: () => heard.at(-1)!.lost() }
}

test('what is published is told here at once, and its echo is not', async () => {
  const { listening, store, told, hear } = place()
  await listening.follow(store)
  await listening.publish(store, 'a')
  expect(told).toEqual(['a'])
  hear('a')
  expect(told).toEqual(['a'])
  hear('a') // of somebody else
  expect(told).toEqual(['a', 'a'])
})

test('what is published here is nobody\'s change, whatever it looks like', async () => {
  const { listening, store, told, revs, hear } = place()
  await listening.follow(store)
  await listening.publish(store, 'mine')
  hear('mine', 5)
  hear('a change', 6)
  expect([told, revs]).toEqual([['mine', 'a change'], [undefined, 6]])
})

test('of what is published while nobody listens, or was when the connection broke, there is no echo', async () => {
  const { listening, store, told, hear, lose } = place()
  await listening.publish(store, 'a')
  await listening.follow(store)
  hear('a')
  await listening.publish(store, 'b')
  lose()
  await listening.follow(store)
  hear('b')
  expect(told).toEqual(['a', 'a', 'b', 'b'])
})

test('what is published while listening begins waits until it is known whether there will be an echo', async () => {
  const { listening, store, told, hear } = place()
  const [hasBegun] = await Promise.all([listening.follow(store), listening.publish(store, 'a')])
  hear('a')
  expect({ hasBegun, told }).toEqual({ hasBegun: true, told: ['a'] })
})

test('of what the store did not take there is no echo either', async () => {
  const { listening, store, told, state, hear } = place()
  await listening.follow(store)
  state.takes = false
  await expect(listening.publish(store, 'a')).rejects.toThrow('away')
  hear('a')
  expect(told).toEqual(['a', 'a'])
})

test('a store that lets nobody listen is not asked again and again', async () => {
  const { listening, store, state } = place()
  state.listens = false
  for (let n = 0; n < 3; n++) expect(await listening.follow(store)).toBe(false)
  expect(state.asked).toBe(1)
  state.now += 5_000
  state.listens = true
  expect(await listening.follow(store)).toBe(true)
})

test('connections that break as soon as they are there do not follow each other without a pause', async () => {
  const { listening, store, state, lose } = place()
  const breakSoon = async (): Promise<void> => {
    while (await listening.follow(store)) lose()
  }
  await breakSoon()
  expect(state.asked).toBe(4)
  state.now += 5_000
  await breakSoon()
  expect(state.asked).toBe(5)
  state.now += 5_000
  await listening.follow(store)
  state.now += 5_000 // it held
  lose()
  await breakSoon()
  expect(state.asked).toBe(10)
})

test('a connection on which no echo ever comes does not make everything later silent', async () => {
  const { listening, store, told, hear } = place()
  await listening.follow(store)
  for (let n = 0; n < 1_001; n++) await listening.publish(store, `${n}`)
  told.length = 0
  hear('0') // of somebody else, as it was not heard for so long
  expect(told).toEqual(['0'])
})
