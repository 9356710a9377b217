/** The ways in which the same call can be made. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import type { Ran } from '../support/program.js'

export const SCRIPT = fileURLToPath(new URL('../../hooks/memory_sync.sh', import.meta.url))
export const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

export interface Call {
  args: readonly string[]
  input?: string
  env?: NodeJS.ProcessEnv
  cwd?: string
}

export type Way = (call: Call) => Promise<Ran>

/** Any value of this makes the light entry leave the call to oclif; this one changes nothing else. */
const BY_FRAMEWORK = { MEMORY_SYNC_CONTENT_TYPE: 'text' }

export const byNode = (env: NodeJS.ProcessEnv): Way => (call) => start(process.execPath, [RUN, ...call.args], env, call)

export const byFramework = (env: NodeJS.ProcessEnv): Way => byNode({ ...env, ...BY_FRAMEWORK })

/** The script, as `memory_sync`, run by the named shell, or by what its first line says. */
export async function byScript(folder: string, env: NodeJS.ProcessEnv, options: { shell?: string; node?: string; noZsh?: true; name?: string } = {}): Promise<Way> {
  const { shell, node, noZsh, name = 'memory_sync' } = options
  const script = `${folder}/${[shell?.replaceAll('/', '_'), noZsh && 'no-zsh', node === undefined ? '' : 'no-node'].filter(Boolean).join('-') || 'plain'}/${name}`
  await mkdir(script.slice(0, script.lastIndexOf('/')), { recursive: true })
  if (noZsh === undefined && node === undefined) await symlink(SCRIPT, script)
  else {
    const text = await readFile(SCRIPT, 'utf8')
    const filled = text
      .replace("memory_sync_program=''", `memory_sync_program='${RUN}'`)
      .replace("memory_sync_node=''", `memory_sync_node='${node ?? ''}'`)
    await writeFile(script, noZsh === true ? filled.replaceAll(/\bzsh\b(?= (?:-f|>))|\/zsh\b/g, '/no-zsh') : filled)
    await chmod(script, 0o755)
  }
  return (call) => (shell === undefined ? start(script, call.args, env, call) : start(shell, [script, ...call.args], env, call))
}

/**
 * For a script for which /bin/false is Node: on a busy machine a hub may be silent for longer than a client waits, and that is
 * no fault. Then once more, after a Node that waits for it.
 */
export function patient(way: Way, env: NodeJS.ProcessEnv): Way {
  return async (call) => {
    for (let attempt = 1; ; attempt++) {
      const ran = await way(call)
      const wasPassedBy = ran.code === 1 && ran.stdout === '' && ran.stderr === ''
      if (!wasPassedBy || attempt === 20) return ran
      await byNode(env)({ args: ['get'] })
    }
  }
}

function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv, call: Call): Promise<Ran> {
  const child = spawn(program, args, { env: { ...env, ...call.env }, cwd: call.cwd ?? '/' })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => undefined) // it need not read it
  child.stdin.end(call.input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
  })
}
