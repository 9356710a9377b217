import { expect, test } from 'vitest'
import { createLog } from '../../../src/hub/log.js'
import { startAll, stopAll, type Component } from '../../../src/hub/components.js'

const clock = { now: () => Date.UTC(2025, 10, 12, 1, 26, 25, 120), offsetMinutes: () => 420 }

test('a line has its time with offset, its level and its text', () => {
  const lines: string[] = []
  createLog((line) => lines.push(line), clock).warn('redis is away')
  expect(lines).toEqual(['2025-11-12T08:26:25.120+07:00 WARN  redis is away'])
})

test('text of an agent neither forges a line nor steers a terminal', () => {
  const lines: string[] = []
  createLog((line) => lines.push(line), clock).info('a\nb\r\u001b[31m\u2028c é')
  expect(lines).toEqual(['2025-11-12T08:26:25.120+07:00 INFO  a\\nb\\u000d\\u001b[31m\\u2028c é'])
})

function recorder(): { events: string[]; component(name: string, fails?: 'start' | 'stop'): Component } {
  const events: string[] = []
  return {
    events,
    component(name, fails) {
      const act = (what: 'start' | 'stop') => (): Promise<void> => {
        events.push(`${what} ${name}`)
        return fails === what ? Promise.reject(new Error(`${name} failed`)) : Promise.resolve()
      }
      return { name, start: act('start'), stop: act('stop') }
    },
  }
}

test('components start in order and stop in reverse, and one that cannot stop does not keep the others', async () => {
  const { events, component } = recorder()
  const lines: string[] = []
  const log = createLog((line) => lines.push(line), clock)
  const all = [component('a'), component('b', 'stop'), component('c')]
  await startAll(all, log)
  expect(await stopAll(all, log)).toBe(false)
  expect(events).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
  expect(lines.join()).toMatch(/stopping the b failed: b failed/)
})

test('when one cannot start, those before it are stopped, and its error is the one that is told', async () => {
  const { events, component } = recorder()
  const all = [component('a'), component('b'), component('c', 'start'), component('d')]
  await expect(startAll(all, createLog(() => undefined, clock))).rejects.toThrow('c failed')
  expect(events).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a'])
})
