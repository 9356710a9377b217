/**
 * A Unix socket for a process that makes one call. Loading node:net and its streams takes such a process longer than the call
 * itself, so what lies under node:net is used where this Node lets it be had, and node:net otherwise.
 */

export interface Pipe {
  write(bytes: Buffer): void
  close(): void
}

export interface PipeEvents {
  connected: () => void
  data: (bytes: Buffer) => void
  /** It could not be connected, it broke, or the other side has ended it. Perhaps more than once. */
  gone: () => void
}

/** Nothing is told before this has returned, and nothing after `close`. */
export function openPipe(path: string, events: PipeEvents): Pipe {
  const under = underNet()
  return under === null ? pipeOfNet(path, events) : pipeUnderNet(path, events, under)
}

export function pipeOfNet(path: string, events: PipeEvents): Pipe {
  const { connect } = process.getBuiltinModule('node:net')
  const socket = connect(path)
  socket.on('connect', events.connected).on('data', events.data).on('error', events.gone).on('close', events.gone)
  return {
    write: (bytes) => void socket.write(bytes),
    close: () => {
      socket.removeAllListeners().on('error', () => undefined)
      socket.destroy()
    },
  }
}

/** What node:net is made of (node: src/pipe_wrap.cc, src/stream_base.cc, lib/internal/stream_base_commons.js). */
export interface UnderNet {
  Pipe: (new (type: number) => Handle) & { prototype: object }
  PipeConnectWrap: new () => Request
  WriteWrap: new () => Request
  constants: { SOCKET: number }
  /** What the last event has to say beside its arguments. */
  streamBaseState: ArrayLike<number>
  kReadBytesOrError: number
  kArrayBufferOffset: number
}

interface Handle {
  onread: (bytes: ArrayBuffer | undefined) => void
  connect(request: Request, path: string): number
  readStart(): number
  writeBuffer(request: Request, bytes: Buffer): number
  close(): void
}

interface Request {
  oncomplete: (status: number) => void
  bytes?: Buffer
}

/**
 * null: this Node has it not, or otherwise than it was, or keeps it back. It is had by `process.binding`, which the manual
 * calls deprecated (DEP0111), without a date to its end.
 */
export function underNet(binding = (process as { binding?: (name: string) => unknown }).binding): UnderNet | null {
  try {
    const parts = { ...(binding?.('pipe_wrap') as object), ...(binding?.('stream_wrap') as object) } as Partial<UnderNet>
    const { Pipe, PipeConnectWrap, WriteWrap, constants, streamBaseState, kReadBytesOrError, kArrayBufferOffset } = parts
    const isAsKnown =
      [Pipe, PipeConnectWrap, WriteWrap].every((value) => typeof value === 'function') &&
      ['connect', 'readStart', 'writeBuffer', 'close'].every((name) => Pipe !== undefined && name in Pipe.prototype) &&
      [constants?.SOCKET, kReadBytesOrError, kArrayBufferOffset, streamBaseState?.[0]].every((value) => typeof value === 'number')
    return isAsKnown ? (parts as UnderNet) : null
  } catch {
    return null
  }
}

export function pipeUnderNet(path: string, { connected, data, gone }: PipeEvents, under: UnderNet): Pipe {
  const { streamBaseState, kReadBytesOrError, kArrayBufferOffset } = under
  const handle = new under.Pipe(under.constants.SOCKET)
  let isOpen = true
  const check = (status: number): void => {
    if (status < 0 && isOpen) gone()
  }
  handle.onread = (bytes) => {
    const length = streamBaseState[kReadBytesOrError]!
    if (bytes !== undefined && isOpen) data(Buffer.from(bytes, streamBaseState[kArrayBufferOffset], length))
    else check(length)
  }
  const connecting = new under.PipeConnectWrap()
  connecting.oncomplete = (status) => {
    check(status)
    if (status < 0 || !isOpen) return
    handle.readStart()
    connected()
  }
  const refused = handle.connect(connecting, path)
  if (refused < 0) setImmediate(check, refused)
  return {
    write(bytes) {
      const request = new under.WriteWrap()
      request.oncomplete = check
      request.bytes = bytes // which nobody else holds while they are written
      check(handle.writeBuffer(request, bytes))
    },
    close() {
      if (isOpen) handle.close()
      isOpen = false
    },
  }
}
