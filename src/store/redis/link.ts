/** What a client of Redis has to be for the driver: one connection to one server process, which is not repaired. */

/** What commands can be sent with. Replies are as Redis gives them: text, number, null, or a list of these. */
export interface Client {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** A Lua script of ours. */
export interface Script {
  text: string
  /** null: another number each time. */
  keyCount: number | null
}

/** What stands before the keys of a script, where it takes the same number each time. */
export const numberOfKeys = ({ keyCount }: Script): string[] => (keyCount === null ? [] : [String(keyCount)])

export interface Link<C extends Client = Client> {
  readonly client: C
  /** Rejects with what the system says. */
  connect(): Promise<void>
  readonly isConnected: boolean
  /** Called once, when it has ended in whatever way. */
  onEnd(listener: () => void): void
  /** Called whenever something comes: the server lives. From when it is connected. */
  onSign(listener: () => void): void
  /** The script's reply, with every text as a string. `args` begin with the keys, and these with their number where it is another one each time. */
  run(script: Script, args: string[]): Promise<unknown>
  /** The same, with every text as bytes. */
  runForBytes(script: Script, args: string[]): Promise<unknown>
  /** Call before sending: what is sent in this turn of the event loop goes out together. */
  gather(): void
  /** Whether what has failed so was never sent. */
  isUnsent(error: unknown): boolean
  /** At once: what is under way is rejected, and nothing of it keeps the process alive. */
  destroy(): void
}

/** An answer of the server, as opposed to a failure on the way: nothing was carried out. */
export const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'
