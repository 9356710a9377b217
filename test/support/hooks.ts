/** The hooks as an installer leaves them in a tree, and as their callers run them. */
import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Ran } from './program.js'

export const HOOKS = fileURLToPath(new URL('../../hooks', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** What launchd gives a job. */
export const MINIMAL_PATH = '/usr/bin:/bin:/usr/sbin:/sbin'

export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

export interface Installed {
  /** In place of the built program of this repository. */
  program?: string
  node?: string
  /** Text of a `memory_sync.sh` in place of ours. */
  client?: string
}

/** Copies everything to where it belongs, nearly all of it into `<root>/tools`, and fills in what an installer fills in. Returns that folder. */
export function installHooks(root: string, { program = BIN, node = process.execPath, client }: Installed = {}): string {
  const tools = `${root}/tools`
  mkdirSync(tools, { recursive: true })
  for (const name of readdirSync(HOOKS)) {
    const text = readFileSync(`${HOOKS}/${name}`, 'utf8')
      .replace(/^memory_sync_node=''$/m, () => `memory_sync_node=${quoted(node)}`)
      .replace(/^memory_sync_program=''$/m, () => `memory_sync_program=${quoted(program)}`)
    copyFileSync(`${HOOKS}/${name}`, `${tools}/${name}`) // for its mode
    writeFileSync(`${tools}/${name}`, text)
  }
  mkdirSync(`${root}/agents/memory_hub`, { recursive: true })
  renameSync(`${tools}/memory_hub.py`, `${root}/agents/memory_hub/memory_hub.py`)
  if (client === undefined && !existsSync(`${HOOKS}/memory_sync.sh`)) client = `#!/bin/sh\nexec ${quoted(node)} ${quoted(program)} "$@"\n`
  if (client !== undefined) {
    writeFileSync(`${tools}/memory_sync.sh`, client)
    chmodSync(`${tools}/memory_sync.sh`, 0o755)
  }
  return tools
}

/** Runs a program as another one would, with nothing of this process' environment but what is given. */
export function runProgram(
  command: string,
  args: readonly string[],
  { env, cwd = '/', input = '' }: { env: NodeJS.ProcessEnv; cwd?: string; input?: string },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin.on('error', () => undefined) // it need not read it
    child.stdin.end(input)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
    })
  })
}
