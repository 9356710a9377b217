/**
 * A socket for a process that makes one call. Loading node:net and its streams takes such a process longer than the call
 * itself, so what lies under node:net is used where this Node lets it be had, and node:net otherwise.
 */
import { CANNOT_WRITE, hearLastWords } from './last-words.js'

/** `host` is an address in numbers: nothing is looked up. */
export type SocketPlace = { socket: string } | { host: string; port: number }

export interface BriefSocket {
  write(bytes: Buffer): void
  close(): void
}

/** Where the other side has gone, what it said before is told first. */
export interface SocketEvents {
  connected: () => void
  data: (bytes: Buffer) => void
  /** It could not be connected, it broke, or the other side has ended it. Perhaps more than once. `why`: of what the system says, its name. */
  gone: (why?: string) => void
}

/** Nothing is told before this has returned, and nothing after `close`. */
export function openSocket(place: SocketPlace, events: SocketEvents): BriefSocket {
  const under = underNet(kindOf(place))
  return under === null ? socketOfNet(place, events) : socketUnderNet(place, events, under)
}

export function socketOfNet(place: SocketPlace, events: SocketEvents): BriefSocket {
  const { connect } = process.getBuiltinModule('node:net')
  const socket = 'socket' in place ? connect(place.socket) : connect({ ...place, noDelay: true })
  hearLastWords(socket)
  const gone = (error?: unknown): void => {
    events.gone((error as NodeJS.ErrnoException | undefined)?.code)
  }
  socket.on('connect', events.connected).on('data', events.data).on('error', gone).on('close', () => gone())
  return {
    write: (bytes) => void socket.write(bytes),
    close: () => {
      socket.removeAllListeners().on('error', () => undefined)
      socket.destroy()
    },
  }
}

/** What node:net is made of (node: src/pipe_wrap.cc, src/tcp_wrap.cc, src/stream_base.cc, lib/internal/stream_base_commons.js). */
export interface UnderNet {
  Socket: (new (type: number) => Handle) & { prototype: object }
  ConnectWrap: new () => Request
  WriteWrap: new () => Request
  constants: { SOCKET: number }
  /** What the last event has to say beside its arguments. */
  streamBaseState: ArrayLike<number>
  kReadBytesOrError: number
  kArrayBufferOffset: number
}

interface Handle {
  onread: (bytes: ArrayBuffer | undefined) => void
  connect(request: Request, place: string, port?: number): number
  connect6(request: Request, host: string, port: number): number
  setNoDelay(on: boolean): number
  readStart(): number
  writeBuffer(request: Request, bytes: Buffer): number
  close(): void
}

interface Request {
  oncomplete: (status: number) => void
  bytes?: Buffer
}

/** Of each, where it is had and under which names, and what its sockets can do. */
const KINDS = {
  unix: { binding: 'pipe_wrap', socket: 'Pipe', methods: [] },
  tcp: { binding: 'tcp_wrap', socket: 'TCP', methods: ['connect6', 'setNoDelay'] },
}
const OF_BOTH = ['connect', 'readStart', 'writeBuffer', 'close']

/**
 * null: this Node has it not, or otherwise than it was, or keeps it back. It is had by `process.binding`, which the manual
 * calls deprecated (DEP0111), without a date to its end.
 */
export function underNet(kind: keyof typeof KINDS, bindingOf = (process as { binding?: (name: string) => unknown }).binding): UnderNet | null {
  const { binding, socket, methods } = KINDS[kind]
  try {
    const own = bindingOf?.(binding) as Record<string, unknown>
    const parts = { ...own, ...(bindingOf?.('stream_wrap') as object), Socket: own[socket], ConnectWrap: own[`${socket}ConnectWrap`] } as Partial<UnderNet>
    const { Socket, ConnectWrap, WriteWrap, constants, streamBaseState, kReadBytesOrError, kArrayBufferOffset } = parts
    const isAsKnown =
      [Socket, ConnectWrap, WriteWrap].every((value) => typeof value === 'function') &&
      [...OF_BOTH, ...methods].every((name) => Socket !== undefined && name in Socket.prototype) &&
      [constants?.SOCKET, kReadBytesOrError, kArrayBufferOffset, streamBaseState?.[0]].every((value) => typeof value === 'number')
    return isAsKnown ? (parts as UnderNet) : null
  } catch {
    return null
  }
}

export const kindOf = (place: SocketPlace): keyof typeof KINDS => ('socket' in place ? 'unix' : 'tcp')

export function socketUnderNet(place: SocketPlace, { connected, data, gone }: SocketEvents, under: UnderNet): BriefSocket {
  const { streamBaseState, kReadBytesOrError, kArrayBufferOffset } = under
  const handle = new under.Socket(under.constants.SOCKET)
  let isOpen = true
  const check = (status: number): void => {
    if (status < 0 && isOpen) gone(nameOf(status))
  }
  const checkWrite = (status: number): void => {
    if (status < 0 && nameOf(status) !== CANNOT_WRITE) check(status)
  }
  handle.onread = (bytes) => {
    const length = streamBaseState[kReadBytesOrError]!
    if (bytes !== undefined && isOpen) data(Buffer.from(bytes, streamBaseState[kArrayBufferOffset], length))
    else check(length)
  }
  const connecting = new under.ConnectWrap()
  connecting.oncomplete = (status) => {
    check(status)
    if (status < 0 || !isOpen) return
    handle.readStart()
    connected()
  }
  const refused = startConnecting(handle, connecting, place)
  if (refused < 0) setImmediate(check, refused)
  return {
    write(bytes) {
      const request = new under.WriteWrap()
      request.oncomplete = checkWrite
      request.bytes = bytes // which nobody else holds while they are written
      checkWrite(handle.writeBuffer(request, bytes))
    },
    close() {
      if (isOpen) handle.close()
      isOpen = false
    },
  }
}

function startConnecting(handle: Handle, request: Request, place: SocketPlace): number {
  if ('socket' in place) return handle.connect(request, place.socket)
  handle.setNoDelay(true)
  return place.host.includes(':') ? handle.connect6(request, place.host, place.port) : handle.connect(request, place.host, place.port)
}

const nameOf = (status: number): string => process.getBuiltinModule('node:util').getSystemErrorName(status)
