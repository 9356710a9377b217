/** The hub's log: one line an event, RFC 3339 time, level, text; each line is out before the next thing happens. */
import { writeSync } from 'node:fs'
import { formatTime } from '../domain/time.js'
import type { LogLine } from '../core/engine-types.js'
import type { Clock } from '../platform/clock.js'

export interface Log {
  info(text: string): void
  warn(text: string): void
  error(text: string): void
}

const LEVELS: Record<LogLine['level'], string> = { info: 'INFO ', warn: 'WARN ', error: 'ERROR' }

/** `out` gets lines without a newline. */
export function createLog(out: (line: string) => void, clock: Pick<Clock, 'now' | 'offsetMinutes'>): Log {
  const write = (level: LogLine['level'], text: string): void => {
    out(`${formatTime(clock.now(), clock.offsetMinutes())} ${LEVELS[level]} ${oneLine(text)}`)
  }
  return {
    info: (text) => {
      write('info', text)
    },
    warn: (text) => {
      write('warn', text)
    },
    error: (text) => {
      write('error', text)
    },
  }
}

/** Agents' text is data: it must not forge a line, nor steer the terminal that shows it. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

const oneLine = (text: string): string => text.replace(CONTROL, escape)

const escape = (character: string): string =>
  character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const STDOUT = 1

/**
 * A line to stdout, written when this returns: buffered by the process or by a pipe's stream, the log of a service stays
 * empty until it ends. A reader that went away does not end the hub.
 */
export function writeLineNow(line: string): void {
  let rest = Buffer.from(`${line}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest))
    } catch (error) {
      // Closed, or the disk is full: there is no other place to say it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      // A pipe that is full and does not block: its reader gets a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
