/** Steps that take a while, as they happen: a list that moves on a terminal, a line each elsewhere, nothing with --json. */
import { Listr, ListrLogger, ProcessOutput } from 'listr2'
import { printError } from './streams.js'

export interface ShownStep {
  title: string
  /** Returns lines that belong below its title. */
  run: () => Promise<readonly string[]>
}

/** In order, and none after one that failed: its error is thrown. Everything goes to stderr; stdout is for the result. */
export async function showSteps(steps: readonly ShownStep[], { silent }: { silent: boolean }): Promise<void> {
  if (silent || !process.stderr.isTTY) return showLines(steps, silent)
  const processOutput = new ProcessOutput(process.stderr, process.stderr)
  const tasks = steps.map(({ title, run }) => ({
    title,
    task: async (_: unknown, task: { output: string }): Promise<void> => {
      const lines = await run()
      if (lines.length > 0) task.output = lines.join('\n')
    },
    rendererOptions: { persistentOutput: true },
  }))
  await new Listr(tasks, {
    concurrent: false,
    exitOnError: true,
    renderer: 'default',
    rendererOptions: { logger: new ListrLogger({ processOutput }), collapseErrors: false },
  }).run()
}

async function showLines(steps: readonly ShownStep[], silent: boolean): Promise<void> {
  const say = async (text: string): Promise<void> => {
    if (!silent) await printError(`${text}\n`)
  }
  for (const { title, run } of steps) {
    let lines: readonly string[]
    try {
      lines = await run()
    } catch (error) {
      await say(`✖ ${title}`)
      throw error
    }
    await say(`✔ ${title}`)
    for (const line of lines) await say(`  ${line}`)
  }
}
