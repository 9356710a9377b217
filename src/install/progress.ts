/** Stages as lines for people, and as a reply for programs. */
import { readFileSync } from 'node:fs'
import { createTwoFilesPatch } from 'diff'
import type { Change } from './apply.js'
import type { Installer } from './installer.js'
import { withInstallLock } from './lock.js'
import { type PlannedStage, planStage, runStage, type Stage, type StageOutcome } from './stages.js'

export interface ShownStage {
  title: string
  run: () => Promise<string[]>
}

/** Each stage as something to be run and shown; what they did is in `outcomes`. */
export function shownStages(installer: Installer, stages: readonly Stage[], outcomes: StageOutcome[]): ShownStage[] {
  return stages.map((stage) => ({
    title: stage.title,
    async run() {
      const outcome = await runStage(stage, installer.applier, installer.options.places.config)
      if (outcome.changed.length > 0) installer.noteChanged(stage.name)
      outcomes.push(outcome)
      return [...outcome.changed, ...outcome.notes]
    },
  }))
}

/** Alone on this machine, from the note that it began to the note that it is done. */
export async function installing(installer: Installer, work: () => Promise<void>): Promise<void> {
  await withInstallLock(installer.options.places.config, async (made) => {
    installer.begin(made)
    await work()
    installer.finish()
  })
}

/** A folder that one stage makes is there for those after it. */
export async function planStages(stages: readonly Stage[]): Promise<PlannedStage[]> {
  const planned: PlannedStage[] = []
  const folders = new Set<string>()
  for (const stage of stages) {
    const { changes, ...rest } = await planStage(stage)
    const own = changes.filter(({ intent }) => intent.do !== 'folder' || !folders.has(intent.path))
    for (const { intent } of own) if (intent.do === 'folder') folders.add(intent.path)
    planned.push({ ...rest, changes: own })
  }
  return planned
}

export function formatPlan(planned: readonly PlannedStage[]): string {
  return planned
    .map(({ title, changes, notes }) =>
      [title, ...(changes.length === 0 ? ['  nothing to change'] : changes.flatMap(formatChange)), ...notes.map((note) => `  ${note}`)].join('\n'),
    )
    .join('\n\n')
}

/** For programs: no contents, which may hold a password. */
export const planReply = (planned: readonly PlannedStage[]): object => ({
  dryRun: true,
  stages: planned.map(({ name, title, changes, notes }) => ({
    ...{ name, title, notes },
    changes: changes.map(({ intent, now }) => ({ path: intent.path, do: intent.do, was: now.is })),
  })),
})

function formatChange({ intent, now }: Change): string[] {
  switch (intent.do) {
    case 'folder':
      return [`  + ${intent.path}/`]
    case 'link':
      return [`  ${now.is === 'absent' ? '+' : '~'} ${intent.path} -> ${intent.target}`]
    case 'tree':
      return [`  ${now.is === 'absent' ? '+' : '~'} ${intent.path}/ (${intent.files.length} files)`]
    case 'remove':
      return [`  - ${intent.path}`]
    case 'file':
      if (now.is !== 'file' || intent.mode === 0o600) return [`  ${now.is === 'absent' ? '+' : '~'} ${intent.path}`]
      return [`  ~ ${intent.path}`, ...diffOf(intent.path, intent.text.toString())]
  }
}

function diffOf(path: string, text: string): string[] {
  const patch = createTwoFilesPatch('now', 'then', readFileSync(path, 'utf8'), text, '', '', { context: 2 })
  return patch.split('\n').slice(3).filter((line) => line !== '').map((line) => `    ${line}`)
}
