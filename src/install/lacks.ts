/** Whether a file that was changed since has lost something of what it was before us. Pure. */
import { parse } from 'jsonc-parser'
import type { Part } from './record.js'

/** A line of a script, a name of settings; what has another value, or stands elsewhere, is there. */
export function lacks(part: Part, now: Buffer, before: Buffer): boolean {
  const pieces = part === 'settings' ? namesIn : linesIn
  const found = new Set(pieces(now))
  return pieces(before).some((piece) => !found.has(piece))
}

const linesIn = (script: Buffer): string[] =>
  script.toString('latin1').split('\n').map((line) => line.trim()).filter((line) => line !== '')

const namesIn = (settings: Buffer): string[] => namesBelow('', parse(settings.toString()))

function namesBelow(above: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([name, member]) => [`${above}/${name}`, ...namesBelow(`${above}/${name}`, member)])
}
