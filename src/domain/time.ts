/** RFC 3339, section 5.6: `time-hour` goes to 23. */
const MOST_MINUTES = 24 * 60 - 1

/**
 * Times as they are written: RFC 3339 with milliseconds and the offset of the machine, as `2025-11-12T08:26:25.120+07:00`. Where that is
 * none that can be written, as with TZ=UTC+25, in UTC.
 */
export function formatTime(ms: number, offsetMinutes: number): string {
  const offset = Math.abs(offsetMinutes) > MOST_MINUTES ? 0 : offsetMinutes
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1)
  const sign = offset < 0 ? '-' : '+'
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.abs(offset)
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
