declare const MEMORY_SYNC_BUILD: string | undefined

/** Which build of which sources this is: the version stays the same where the program is built anew. null: it was not built. */
export const BUILD: string | null = typeof MEMORY_SYNC_BUILD === 'undefined' ? null : MEMORY_SYNC_BUILD
