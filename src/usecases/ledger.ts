/** The ledger of an agent: what it learned, one line each, for `load_memory` and the scripts that read the file. */
import { dirname, join } from 'node:path'
import { isLegalName } from '../domain/name.js'
import { MemoryError } from '../errors/errors.js'
import type { RootFiles } from './surroundings.js'

export interface LedgerLine {
  timestamp: string
  outcome: string
  learning: string
}

/** Throws MemoryError `usage` for a name that could lead out of the directory. */
export function ledgerOf(root: string, agent: string): string {
  if (!isLegalName(agent))
    throw new MemoryError('usage', `${JSON.stringify(agent)} has a name for which there can be no ledger`)
  return join(root, 'g', 'memory', 'ledger', `${agent}_memory.jsonl`)
}

/** Appends a line in one write; `once`: unless the same outcome and learning stand there already. */
export async function appendToLedger(
  { root, files }: RootFiles,
  agent: string,
  line: LedgerLine,
  once: boolean,
): Promise<void> {
  const ledger = ledgerOf(root, agent)
  const text = (await files.read(ledger))?.text ?? ''
  if (once && text.split('\n').some((there) => saysTheSame(there, line))) return
  await files.makeDirectory(dirname(ledger))
  const cutOff = text !== '' && !text.endsWith('\n') // a line that another program did not finish stays a line of its own
  const ours = `${cutOff ? '\n' : ''}${JSON.stringify(line)}\n`
  let end: number | null = null
  while (end === null) ({ end } = await files.append(ledger, ours)) // it was put away meanwhile: into the next one
}

function saysTheSame(text: string, { outcome, learning }: LedgerLine): boolean {
  try {
    const there = JSON.parse(text) as Partial<LedgerLine> | null
    return there?.outcome === outcome && there.learning === learning
  } catch {
    return false // not a line of ours
  }
}
