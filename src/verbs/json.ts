/** JSON of what commands print: plain values, and documents in them just as they are. */
import { formatLine, type TreeMap } from '../domain/json.js'

/**
 * One line. A Map is a document whose leaves are JSON texts (domain/json.ts), so that its numbers stay as they are;
 * everything else is what JSON.stringify makes of it.
 */
export function formatJson(value: unknown): string {
  if (value instanceof Map) return formatLine(value as TreeMap)
  if (Array.isArray(value)) return `[${value.map(formatJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${formatJson(member)}`).join(',')}}`
}
