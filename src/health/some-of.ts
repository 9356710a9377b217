const SHOWN = 5

/** A list for a line: the first few, and how many more there are. */
export const someOf = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`
