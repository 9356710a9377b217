/** Names of agents, leases and items, and of the context's members that can be patched like an agent. */

const RESERVED = new Set(['.', '..', '__proto__', 'constructor', 'prototype', 'current_work', 'token_usage'])
const NAME = /^[A-Za-z0-9._:-]{1,64}$/

export const isLegalName = (name: string): boolean => NAME.test(name) && !RESERVED.has(name)

/** UTF-8, of the author of a change and of what is said of a lease: the history and every line that shows it has it. */
export const MAX_LABEL_BYTES = 1_000

/** Top-level members that `set` takes as a target. */
export const PATCHABLE_MEMBERS: readonly string[] = ['current_work', 'token_usage']

/** Whether something of that name in the inbox is meant as a drop: no hidden ones, as programs that write carefully use them. */
export const isDropName = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.')

/** Whether something of that name in the spool is meant as the record of a hook; with a dot before it, it may be one that is being delivered. */
export const isSpoolName = (name: string): boolean => /^\.?[^.].*\.record$/.test(name)
