/** What somebody may have meant who typed a name that there is none of. Pure. */

/** Of the known names those that are as near as any, and near enough that the one can be a slip of the other; most of the time none or one. */
export function nearestOf(word: string, known: readonly string[]): string[] {
  if (known.includes(word)) return []
  const most = Math.max(1, Math.floor(word.length / 3))
  const alike = [...new Set(known)].filter((name) => Math.abs(name.length - word.length) <= most)
  const near = alike.map((name) => ({ name, slips: slipsBetween(word, name) })).filter(({ name, slips }) => slips <= most && slips < name.length)
  const least = Math.min(...near.map(({ slips }) => slips))
  return near.filter(({ slips }) => slips === least).map(({ name }) => name)
}

/** How many letters have to be put in, left out, replaced, or exchanged with the next one: the optimal string alignment distance. */
export function slipsBetween(a: string, b: string): number {
  let [twoBefore, before]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, n) => n)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = before![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(Math.min(replaced, before![j]! + 1, row[j - 1]! + 1, isExchange ? twoBefore![j - 2]! + 1 : Infinity))
    }
    ;[twoBefore, before] = [before, row]
  }
  return before![b.length]!
}

/** `typed`: words, of which a command may be the first few. The names of commands have spaces between their words. */
export function nearestCommands(typed: string, commands: readonly string[]): string[] {
  const words = typed.split(' ')
  for (const count of [3, 2, 1]) {
    const ofCount = commands.filter((name) => name.split(' ').length === count)
    const found = words.length < count ? [] : nearestOf(words.slice(0, count).join(' '), ofCount)
    if (found.length > 0) return found
  }
  return []
}

/** For a list of suggestions: one line, or none. */
export const didYouMean = (names: readonly string[]): string[] => (names.length === 0 ? [] : [`did you mean ${names.slice(0, 3).join(' or ')}?`])
