/** Digests and random texts. Loading node:crypto takes longer than all else that a `get` of files does, so it waits until one is asked for. */
const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto')

/** SHA-256, in hex digits. */
export const sha256 = (content: string | Buffer): string => crypto().createHash('sha256').update(content).digest('hex')

/** SHA-1, in hex digits. */
export const sha1 = (content: string | Buffer): string => crypto().hash('sha1', content)

/** As many random bytes, in hex digits. */
export const randomHex = (bytes: number): string => crypto().randomBytes(bytes).toString('hex')

/** 128 random bits as 32 hex digits. */
export const randomId = (): string => randomHex(16)
