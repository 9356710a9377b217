import { describe, expect, it } from 'vitest'
import { heldUntil } from '../../../src/domain/held.js'

describe('what is held until a signal aborts', () => {
  const held = (signal: AbortSignal): { letGo: () => void; times: () => number } => {
    let times = 0
    return { letGo: heldUntil(signal, () => times++), times: () => times }
  }

  it('is let go with the abort, whether its user comes back or not, and once', () => {
    const ending = new AbortController()
    const { letGo, times } = held(ending.signal)
    expect(times()).toBe(0)
    ending.abort()
    expect(times()).toBe(1)
    letGo()
    expect(times()).toBe(1)
  })

  it('is let go before by its user, and the abort does nothing more', () => {
    const ending = new AbortController()
    const { letGo, times } = held(ending.signal)
    letGo()
    ending.abort()
    expect(times()).toBe(1)
  })

  it('is let go at once where the signal has aborted already', () => {
    expect(held(AbortSignal.abort()).times()).toBe(1)
  })
})
