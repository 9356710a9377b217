/** Names of agents, leases and items, and of the context's members that can be patched like an agent. */

const RESERVED = new Set(['.', '..', '__proto__', 'constructor', 'prototype', 'current_work', 'token_usage'])
const NAME = /^[A-Za-z0-9._:-]{1,64}$/

export const isLegalName = (name: string): boolean => NAME.test(name) && !RESERVED.has(name)

/** Top-level members that `set` takes as a target. */
export const PATCHABLE_MEMBERS: readonly string[] = ['current_work', 'token_usage']
