/** Does the stages of an installation one after the other, or shows what they would do. */
import { foreseen, MemoryError, messageOf } from '../errors/errors.js'
import type { Applier} from './apply.js';
import { type Change, changesOf } from './apply.js'
import type { Step } from './intent.js'
import type { RecordEntry } from './record.js'
import { undo } from './undo.js'

export interface Stage {
  name: string
  title: string
  /** Looks only. */
  plan?: () => Promise<Step> | Step
  /** Notes in the record what `act` is going to do, before anything of this stage is done. */
  prepare?: () => Promise<void>
  /** What is more than files. Returns what to tell about it. `changed`: paths of this stage. */
  act?: (changed: readonly string[]) => Promise<string | void>
  /** Takes back what `act` and `prepare` began. */
  undoAct?: () => Promise<void>
  /** After that, when the files of this stage are what they were before it. Never rejects; `say`: what its caller should know. */
  afterUndo?: (say: (text: string) => void) => Promise<void>
}

export interface StageOutcome {
  name: string
  changed: readonly string[]
  notes: readonly string[]
}

export interface PlannedStage {
  name: string
  title: string
  changes: readonly Change[]
  notes: readonly string[]
}

/** Reads, and nothing else. */
export async function planStage(stage: Stage): Promise<PlannedStage> {
  const step = await stage.plan?.()
  const { name } = stage
  return { name, title: step?.title ?? stage.title, changes: step === undefined ? [] : changesOf(step), notes: step?.notes ?? [] }
}

/** A stage that fails takes back what it began; those before it stay, and the next run goes on with them. */
export async function runStage(stage: Stage, applier: Applier, folder: string): Promise<StageOutcome> {
  let known = new Set(applier.record.entries)
  try {
    const step = await stage.plan?.()
    if (step !== undefined) known = applier.takeOver(step)
    await stage.prepare?.()
    const changed = step === undefined ? [] : applier.apply(step)
    const told = await stage.act?.(changed)
    applier.save()
    return { name: stage.name, changed, notes: [...(step?.notes ?? []), ...(typeof told === 'string' ? [told] : [])] }
  } catch (error) {
    await stage.undoAct?.()
    const left = takeBack(applier, known, folder)
    await stage.afterUndo?.((text) => left.push(text))
    const told = foreseen(error)
    if (told === null) throw error
    throw new MemoryError(told.code, `${stage.title}: ${told.message}`, {
      suggestions: [...told.suggestions, ...left, 'what this step had begun was taken back; run it again to go on, or "memory_sync rollback" to undo the rest'],
      details: { ...told.details, stage: stage.name },
      cause: error,
    })
  }
}

/** Entries of the failed stage alone: what an earlier run had made is not ours to take back now. */
function takeBack(applier: Applier, known: ReadonlySet<RecordEntry>, folder: string): string[] {
  const { record } = applier
  const said: string[] = []
  for (const entry of [...record.entries].reverse()) {
    if (known.has(entry)) continue
    const done = undo(entry, { folder, dryRun: false, takeOut: () => null })
    if (done.did === 'left' || done.did === 'failed') said.push(`${done.path} stays: ${done.note ?? ''}`)
    else record.entries.splice(record.entries.indexOf(entry), 1)
  }
  try {
    applier.save()
  } catch (error) {
    said.push(`the record says that it is there: ${messageOf(error)}`) // which does no harm: what is not there is not taken back
  }
  return said
}
