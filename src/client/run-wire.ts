/**
 * The run protocol: a whole command line goes to the hub, and what it prints and its exit code come back. Made so that a shell
 * can speak it without putting a byte of its arguments into any syntax: every field is preceded by its length.
 *
 *     client   memory_sync run 1 <version>\n
 *              <number of fields>\n  and for each field  <bytes>\n<field>
 *     hub      .                            a sign of life every LIFE_MS while it works, as many as it takes
 *              = <code> <bytes> <bytes>\n   padded to HEADER_BYTES; then stdout and stderr, of so many bytes
 *              - <code> <bytes> <bytes>\n   "not mine": nothing happened; the client does it itself
 *
 * Fields: the root (absolute), the offset of the caller's clock (+0700), the id of the write, the caller's settings (NAME=value) up
 * to an empty field, then the arguments. One run a connection. A hub that knows no runs answers with something else.
 */
import { closeSync, openSync, readSync } from 'node:fs'

/** The first byte tells a run from a frame of the other protocol, which begins with `{`. */
export const RUN_MARK = 'memory_sync run 1 '
export const LIFE_MS = 50
export const HEADER_BYTES = 32

/** By which of its settings a caller says which Redis it means, and which keys. */
export const REDIS_SETTINGS = ['MEMORY_SYNC_NAMESPACE', 'MEMORY_SYNC_REDIS', 'MEMORY_SYNC_REDIS_URL', 'REDIS_URL', 'REDIS_HOST', 'REDIS_PORT'] as const

/** What a verb in the hub may know of its caller. What is not set, or empty, is not sent. */
export const CALLER_SETTINGS = ['MEMORY_SYNC_AGENT', 'USER', 'HOME', 'XDG_CONFIG_HOME', ...REDIS_SETTINGS] as const

export interface RunRequest {
  root: string
  offsetMinutes: number
  /** 32 hex digits: the write of this run, here or wherever it is tried again. */
  operationId: string
  settings: Readonly<Record<string, string | undefined>>
  argv: readonly string[]
}

export interface RunReply {
  code: number
  stdout: Buffer
  stderr: Buffer
}

/** From the device and not from node:crypto, whose loading takes longer than the whole call. */
export function newOperationId(): string {
  const fd = openSync('/dev/urandom', 'r')
  try {
    const bytes = Buffer.alloc(16)
    readSync(fd, bytes)
    return bytes.toString('hex')
  } finally {
    closeSync(fd)
  }
}

/** Of a run that writes nothing. */
export const NO_OPERATION_ID = '0'.repeat(32)

export const isOperationId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text)

export function encodeRun({ root, offsetMinutes, operationId, settings, argv }: RunRequest, version: string): Buffer {
  const given = CALLER_SETTINGS.flatMap((name) => (settings[name] ? [`${name}=${settings[name]}`] : []))
  const fields = [root, formatOffset(offsetMinutes), operationId, ...given, '', ...argv]
  const parts = fields.flatMap((field) => [`${Buffer.byteLength(field)}\n`, field])
  return Buffer.from(`${RUN_MARK}${version}\n${fields.length}\n${parts.join('')}`)
}

/** undefined: it has not all come. null: it is no run. */
export function decodeRun(bytes: Buffer): (RunRequest & { version: string }) | null | undefined {
  const reader = new Reader(bytes)
  const mark = reader.line()
  const count = Number(reader.line())
  if (mark === undefined || Number.isNaN(count)) return bytes.length > MAX_LINES_BYTES ? null : undefined
  if (!mark.startsWith(RUN_MARK) || !Number.isSafeInteger(count) || count > MAX_FIELDS) return null
  const fields: string[] = []
  while (fields.length < count) {
    const length = reader.line()
    if (length === undefined) return undefined
    if (!/^\d{1,8}$/.test(length)) return null
    const field = reader.take(Number(length))
    if (field === undefined) return undefined
    // Broken UTF-8 would be stored as something else than what was given.
    const text = field.toString('utf8')
    if (Buffer.byteLength(text) !== field.length || text.includes('\uFFFD')) return null
    fields.push(text)
  }
  return requestOf(fields, mark.slice(RUN_MARK.length))
}

export const encodeReply = ({ code, stdout, stderr }: RunReply): Buffer =>
  Buffer.concat([header('=', code, stdout.length, stderr.length), stdout, stderr])

export const NOT_MINE = header('-', 0, 0, 0)

/** Collects a reply. */
export class ReplyReader {
  private bytes: Buffer = Buffer.alloc(0)

  /** undefined: it has not all come. null: not mine, or no reply at all. */
  push(chunk: Buffer): RunReply | null | undefined {
    this.bytes = this.bytes.length === 0 ? withoutDots(chunk) : Buffer.concat([this.bytes, chunk])
    if (this.bytes.length === 0) return undefined
    if (this.bytes[0] !== 0x3d) return null
    if (this.bytes.length < HEADER_BYTES) return undefined
    const [, code = 0, stdout = 0, stderr = 0] = this.bytes.toString('latin1', 0, HEADER_BYTES).split(/ +/).map(Number)
    const end = HEADER_BYTES + stdout + stderr
    if (this.bytes.length < end) return undefined
    return {
      code,
      stdout: this.bytes.subarray(HEADER_BYTES, HEADER_BYTES + stdout),
      stderr: this.bytes.subarray(HEADER_BYTES + stdout, end),
    }
  }
}

const MAX_FIELDS = 10_000
const MAX_LINES_BYTES = 256

class Reader {
  private at = 0
  constructor(private readonly bytes: Buffer) {}

  line(): string | undefined {
    const end = this.bytes.indexOf(10, this.at)
    if (end < 0) return undefined
    return this.take(end - this.at, 1)?.toString('latin1')
  }

  take(length: number, skip = 0): Buffer | undefined {
    const end = this.at + length
    if (end + skip > this.bytes.length) return undefined
    const taken = this.bytes.subarray(this.at, end)
    this.at = end + skip
    return taken
  }
}

function requestOf(fields: string[], version: string): (RunRequest & { version: string }) | null {
  const [root = '', offset = '', operationId = '', ...rest] = fields
  const end = rest.indexOf('')
  const offsetMinutes = minutesOf(offset)
  if (!root.startsWith('/') || offsetMinutes === null || !isOperationId(operationId) || end < 0) return null
  const settings = Object.fromEntries(rest.slice(0, end).map((field) => splitOnce(field)))
  return { version, root, offsetMinutes, operationId, settings, argv: rest.slice(end + 1) }
}

function splitOnce(field: string): [string, string] {
  const at = field.indexOf('=')
  return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)]
}

function formatOffset(minutes: number): string {
  const [sign, whole] = [minutes < 0 ? '-' : '+', Math.abs(minutes)]
  return `${sign}${String(Math.floor(whole / 60)).padStart(2, '0')}${String(whole % 60).padStart(2, '0')}`
}

function minutesOf(offset: string): number | null {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(offset) ?? []
  if (sign === undefined) return null
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

function header(kind: '=' | '-', code: number, stdout: number, stderr: number): Buffer {
  return Buffer.from(`${`${kind} ${code} ${stdout} ${stderr}`.padEnd(HEADER_BYTES - 1)}\n`)
}

function withoutDots(chunk: Buffer): Buffer {
  let at = 0
  while (chunk[at] === 0x2e) at++
  return chunk.subarray(at)
}
