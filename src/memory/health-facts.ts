/** Looks at everything that health speaks of. Nothing is changed by looking. */
import { callHub } from '../client/call.js'
import { reachHubOf } from '../client/connect.js'
import { HubGone } from '../client/connection.js'
import { LEGACY_DEFAULT_PASSWORD } from '../config/redis.js'
import type { Status } from '../core/memory.js'
import { describeTarget } from '../domain/operation.js'
import type { Facts, HubFact } from '../health/facts.js'
import { MemoryError } from '../errors/errors.js'
import { type OpenOptions, openLocalEngine, rootFilesOf } from './engine.js'

const HUB_BUDGET_MS = 500

/** `fix`: first has a round done, which takes edits in, sets aside what cannot be read, restores and replicates. */
export async function gatherFacts(options: OpenOptions, fix: boolean): Promise<Facts> {
  const engine = await openLocalEngine(options)
  const files = rootFilesOf(options.root)
  try {
    const notWritable = await whyNotWritable(files)
    if (fix && notWritable === null) await engine.mend()
    const found = await engine.examine()
    const t = found.lastChange?.t
    return {
      root: options.root,
      now: Date.now(),
      hub: await hubOf(options.root, files),
      own: await engine.status(),
      password: passwordKind(engine.password()),
      notWritable,
      file: found.file,
      setAside: await files.setAside(),
      journal: await files.inspectJournal(),
      oldestPendingMs: found.oldestPending === null ? null : Date.now() - found.oldestPending,
      lastChange: t === undefined ? null : { t, what: describeTarget(found.lastChange!.target) },
    }
  } finally {
    await engine.close()
  }
}

const passwordKind = (password: string | undefined): Facts['password'] =>
  password === undefined ? 'none' : password === LEGACY_DEFAULT_PASSWORD ? 'legacy-default' : 'own'

type Files = ReturnType<typeof rootFilesOf>

async function whyNotWritable(files: Files): Promise<string | null> {
  try {
    await files.prepare()
    return null
  } catch (error) {
    if (error instanceof MemoryError) return error.message
    throw error
  }
}

async function hubOf(root: string, files: Files): Promise<HubFact> {
  const reached = await reachHubOf(root, { budgetMs: HUB_BUDGET_MS })
  if (reached.is === 'silent') return { is: 'silent', pid: (await files.lock.holder())?.pid ?? null }
  if (reached.is === 'absent') return reached
  const { connection, hub } = reached
  const { pid, version, startedAt } = hub
  try {
    if (reached.is === 'other-protocol') return { is: 'other-version', pid, version }
    const status = await callHub(connection, 'status', {}, { budgetMs: HUB_BUDGET_MS, answerMs: 4 * HUB_BUDGET_MS })
    return { is: 'running', pid, version, startedAt, status: status as Status }
  } catch (error) {
    if (error instanceof HubGone) return { is: 'silent', pid }
    throw error
  } finally {
    connection.close()
  }
}
