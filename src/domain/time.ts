/** RFC 3339, section 5.6: `time-hour` goes to 23, and a year has four digits. */
const MOST_MINUTES = 24 * 60 - 1
/** In every offset a year of four digits. */
const LATEST = Date.UTC(9999, 11, 31)

/** A time of which nobody knows who counted it, ms, as one that can be written: nothing here is older than 1970. */
export const writableTime = (ms: number): number => Math.min(Math.max(ms || 0, 0), LATEST)

/** The time that a text of any program says, ms. Undefined: it says none. */
export function timeIn(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : writableTime(ms)
}

/**
 * Times as they are written: RFC 3339 with milliseconds and the offset of the machine, as `2025-11-12T08:26:25.120+07:00`. Where that is
 * none that can be written, as with TZ=UTC+25, in UTC. Every number is some time.
 */
export function formatTime(ms: number, offsetMinutes: number): string {
  const offset = Math.abs(offsetMinutes) > MOST_MINUTES ? 0 : offsetMinutes
  const local = new Date(writableTime(ms) + offset * 60_000).toISOString().slice(0, -1)
  const sign = offset < 0 ? '-' : '+'
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.abs(offset)
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
