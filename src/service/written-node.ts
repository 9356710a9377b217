/** The Node that a service definition names, whichever manager it is for: it stands behind the launcher, which looks for another when it is gone. */
const LAUNCHER = String.raw`/bin/launch\.sh`
const PLIST = new RegExp(String.raw`${LAUNCHER}</string>\s*<string>([^<]*)</string>`)
const UNIT = new RegExp(String.raw`${LAUNCHER}" "((?:[^"\\]|\\.)*)"`)
const SUPERVISED = new RegExp(String.raw`${LAUNCHER}",\s*("(?:[^"\\]|\\.)*")`)

/** null: it names none. */
export function nodeInDefinition(text: string): string | null {
  const unit = UNIT.exec(text)?.[1]
  if (unit !== undefined) return unit.replaceAll('%%', '%').replaceAll('$$', '$').replaceAll(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign)
  const supervised = SUPERVISED.exec(text)?.[1]
  if (supervised !== undefined) return JSON.parse(supervised) as string
  const listed = PLIST.exec(text)?.[1]
  return listed === undefined ? null : listed.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t' }

/** The Node that an installer has filled into a script; null: none. */
export function nodeInScript(text: string): string | null {
  const quoted = /^memory_sync_node='((?:[^']|'\\'')+)'$/m.exec(text)?.[1]
  return quoted?.replaceAll(String.raw`'\''`, "'") ?? null
}
