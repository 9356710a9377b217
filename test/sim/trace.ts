/** What happened, for a person who looks for the reason of a violation: a line an event, empty unless switched on. */
export const trace: { on: boolean; lines: string[] } = { on: false, lines: [] }

export function note(at: number, ...words: unknown[]): void {
  if (!trace.on) return
  const text = words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' ')
  trace.lines.push(`${at - 1_700_000_000_000} ${text}`)
}
