/** What the commands of work items have in common. */
import { hostname } from 'node:os'
import { Flags } from '@oclif/core'
import { readConfig, type TasksConfig } from '../config/file.js'
import { type ActorFlags, resolveAuthor } from '../config/author.js'
import type { ResolvedRoot } from '../config/root.js'
import { LONGEST_CLAIM_MS } from '../domain/task.js'
import type { Step } from '../domain/task-step.js'
import { MemoryError, messageOf } from '../errors/errors.js'
import { sha256 } from '../platform/digests.js'
import { askCommand } from '../platform/guard.js'
import { systemProcesses } from '../platform/processes.js'
import { type StepReceipt, type StepRequest, takeStep } from '../usecases/tasks/step.js'
import type { Guards, TaskSurroundings } from '../usecases/tasks/surroundings.js'
import { formatJson } from '../verbs/json.js'
import { warningsOf } from '../verbs/printed.js'
import { BaseCommand } from './base-command.js'
import { conditionsOf, fenceFlag, keyFlag, refuseEmpty, wholeNumber } from './conditions.js'
import type { StoreFlags } from './store-flags.js'
import { seconds } from './watching.js'

export const agentFlag = {
  agent: Flags.string({
    summary: 'Whose item it is, or becomes.',
    description: 'Default: MEMORY_SYNC_AGENT, else USER.',
    helpValue: 'NAME',
  }),
}

export const tokenFlag = {
  token: Flags.string({ summary: 'The token that the claim printed: nobody else of that name may go on.', helpValue: 'T' }),
}

export const ttlFlag = {
  ttl: Flags.string({ summary: 'How long the claim lasts without a heartbeat (default 900).', helpValue: 'S' }),
  'while-pid': Flags.string({ summary: 'The claim also ends when this process does.', helpValue: 'PID' }),
}

export const writeFlags = { ...fenceFlag, ...keyFlag }

type Flagged = StoreFlags & ActorFlags

interface StepFlags extends Flagged {
  token?: string | undefined
  ttl?: string | undefined
  'while-pid'?: string | undefined
  force?: boolean
  commit?: string | undefined
  notes?: string | undefined
  fence?: string | undefined
  'idempotency-key'?: string | undefined
}

const DEFAULT_GUARD_SECONDS = 60

export abstract class TaskCommand extends BaseCommand {
  /** What was not done beside the write. */
  private readonly warnings: string[] = []

  protected agentOf(flags: ActorFlags): string {
    return resolveAuthor(flags, process.env)
  }

  /** The use case, with what it needs of the world. */
  protected withTasks<T>(
    flags: Flagged,
    use: (surroundings: TaskSurroundings, root: ResolvedRoot) => Promise<T>,
  ): Promise<T> {
    const machine = { host: hostname(), processes: systemProcesses }
    return this.withMemory(flags, (memory, root) => use({ ...this.surroundings(memory, flags), machine, digest: sha256 }, root))
  }

  /** A step, and what is said of it: see `printStep`. */
  protected async performStep(step: Step, id: string, flags: StepFlags, said?: string): Promise<void> {
    await this.printStep(await this.takeStep(step, id, flags), flags, said)
  }

  /** A step, and the YAML copy brought up to date. */
  private async takeStep(step: Step, id: string, flags: StepFlags): Promise<StepReceipt> {
    refuseEmpty(flags, 'token')
    const { tasks: config } = await readConfig(process.env)
    const request = { ...requestOf(step, id, flags, config), agent: this.agentOf(flags) }
    return this.changeTasks(flags, (surroundings) => takeStep(surroundings, guardsOf(config), request))
  }

  /** As `withTasks`; then the YAML copy is brought up to date, unless a hub does that. */
  protected changeTasks<T extends { source: 'hub' | 'redis' | 'file' }>(
    flags: Flagged,
    use: (surroundings: TaskSurroundings) => Promise<T>,
  ): Promise<T> {
    return this.withTasks(flags, async (surroundings, { path }) => {
      const [{ tasks }, { taskFileOf }] = await Promise.all([readConfig(process.env), import('../memory/task-file.js')])
      const file = taskFileOf(path, tasks)
      const changed = await use(surroundings)
      if (changed.source !== 'hub' && file !== null) await this.refreshCopy(surroundings, path, file)
      return changed
    })
  }

  /** The step is done, whatever becomes of the copy: the next one brings it up to date. */
  private async refreshCopy(surroundings: TaskSurroundings, root: string, file: string): Promise<void> {
    const [{ taskCopyOf }, { keepCopy }] = await Promise.all([import('../memory/task-copy.js'), import('../usecases/tasks/copy.js')])
    try {
      const copy = await taskCopyOf(root, file, (level, text) => {
        if (level !== 'info') this.warnings.push(text)
      })
      await keepCopy(surroundings, copy)
    } catch (error) {
      this.warnings.push(`the copy ${file} was not written: ${messageOf(error)}`)
    }
  }

  /** What else there is to know of a write goes to stderr, or with --json into the reply, which is returned. */
  protected async warned(receipt: { journal?: false }): Promise<object> {
    const warnings = warningsOf(receipt, this.warnings)
    for (const warning of warnings) await this.note(`Warning: ${warning}`)
    return warnings.length === 0 ? receipt : { ...receipt, warnings }
  }

  /**
   * With --json where the write is; else `said`, or silence. What makes a claim is given back where nobody can be told of it,
   * and MemoryError `failed` is thrown.
   */
  private async printStep({ source: _source, ...receipt }: StepReceipt, flags: StepFlags, said?: string): Promise<void> {
    const reply = await this.warned(receipt)
    const text = this.jsonEnabled() ? formatJson(reply) : said
    if (text === undefined) return
    const { id, token } = receipt
    if (token === undefined) {
      await this.print(text)
      return
    }
    const failure = await this.whyUnread(text)
    if (failure === null) return
    const outcome = await this.giveBack(id, { ...flags, token })
    throw new MemoryError('failed', `${failure}: nobody has the token of the claim of ${JSON.stringify(id)}, ${outcome}`)
  }

  /** What has become of the claim, for people. */
  private giveBack(id: string, flags: StepFlags & { token: string }): Promise<string> {
    if (flags['idempotency-key'] !== undefined) return Promise.resolve('and the same call with its key tells it')
    const conditions = { ttl: undefined, 'while-pid': undefined, fence: undefined } // of the claim, not of its return
    return this.takeStep('release', id, { ...flags, ...conditions }).then(
      () => 'and it was given back',
      (error: unknown) => `and it lasts until its time is over: it was not given back (${messageOf(error)})`,
    )
  }
}

function requestOf(step: Step, id: string, flags: StepFlags, config: TasksConfig): Omit<StepRequest, 'agent'> {
  const { token, ttl, force, commit, notes } = flags
  const { ifRev: _ifRev, ...conditions } = conditionsOf(flags)
  const whilePid = flags['while-pid']
  return {
    step,
    id,
    ...(ttl !== undefined && { ttlMs: ttlOf(ttl) }),
    ...(config.ttlSeconds !== undefined && { usualTtlMs: Math.round(config.ttlSeconds * 1000) }),
    ...(token !== undefined && { token }),
    ...(whilePid !== undefined && { whilePid: wholeNumber('--while-pid', whilePid) }),
    ...(force !== undefined && { force }),
    ...(commit !== undefined && { commit }),
    ...(notes !== undefined && { notes }),
    ...conditions,
  }
}

function ttlOf(text: string): number {
  const ms = seconds('--ttl', text)
  if (ms > 0 && ms <= LONGEST_CLAIM_MS) return ms
  throw new MemoryError('usage', `--ttl has to be more than 0 and at most ${LONGEST_CLAIM_MS / 1000} s`)
}

/** The commands of the configuration, one a step. The item's text is stdin, and never a part of the command. */
export const guardsOf = (config: TasksConfig): Guards => ({
  async run(step, { id, agent, json }) {
    const command = config.guards?.[step]
    if (command === undefined) return null
    const env = { ...process.env, MEMORY_SYNC_TASK_ID: id, MEMORY_SYNC_TASK_STEP: step, MEMORY_SYNC_TASK_AGENT: agent }
    return askCommand(command, { stdin: `${json}\n`, env, timeoutMs: (config.guardSeconds ?? DEFAULT_GUARD_SECONDS) * 1000 })
  },
})
