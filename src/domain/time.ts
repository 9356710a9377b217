/** Times as they are written: RFC 3339 with milliseconds and the offset of the machine, as `2025-11-12T08:26:25.120+07:00`. */
export function formatTime(ms: number, offsetMinutes: number): string {
  const local = new Date(ms + offsetMinutes * 60_000).toISOString().slice(0, -1)
  const sign = offsetMinutes < 0 ? '-' : '+'
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.abs(offsetMinutes)
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
