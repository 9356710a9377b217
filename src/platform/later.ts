/**
 * Parts of the program that are loaded when they are first needed: a command needs few of them. A process that lives on loads them all
 * before it serves anybody, as its files may be replaced, or removed, beneath it.
 */

const parts = new Set<() => Promise<unknown>>()

/** What `load` imports: once, as an import of what is loaded already looks at its file again. After a failure it is tried again. */
export function later<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | null = null
  const part = (): Promise<T> =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = null
      throw error
    }))
  parts.add(part)
  return part
}

/** Every one of this process, and those of which they tell when they are loaded. */
export async function loadAllParts(): Promise<void> {
  for (const part of parts) await part() // a Set shows what was added meanwhile, too
}
