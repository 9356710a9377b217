/**
 * What is held as long as a signal has not aborted, and is let go once: with the abort, or when the returned function is called before. A
 * generator that is suspended at its `yield` hears of no abort, and nobody may ever ask it for more: what it holds is not left to its `finally`.
 */
export function heldUntil(signal: AbortSignal, letGo: () => void): () => void {
  const end = (): void => {
    signal.removeEventListener('abort', end)
    if (!isHeld) return
    isHeld = false
    letGo()
  }
  let isHeld = true
  if (signal.aborted) end()
  else signal.addEventListener('abort', end)
  return end
}
