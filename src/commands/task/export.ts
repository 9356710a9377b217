import { Args } from '@oclif/core'
import { TaskCommand } from '../../cli/task-command.js'
import { refuseNoFile } from '../../cli/stdin.js'
import { exportTasks } from '../../usecases/tasks/view.js'

export default class TaskExport extends TaskCommand {
  static override readonly summary = 'Write the items as a tracking file (YAML).'
  static override readonly description = `In the form that "task import" reads, to stdout (also for "-") or into FILE. A FILE that is there keeps its comments and its order.
With --json the same document as JSON.`
  static override readonly examples = ['<%= config.bin %> task export', '<%= config.bin %> task export prp_status.yaml']
  static override readonly args = {
    file: Args.string({ description: 'Where to; replaced atomically.' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskExport)
    if (args.file !== undefined) refuseNoFile(args.file)
    const { document, root } = await this.withTasks(flags, async (surroundings, { path }) => ({ document: await exportTasks(surroundings), root: path }))
    if (args.file !== undefined && args.file !== '-') {
      const { writeTracking } = await import('../../cli/tracking-file.js')
      await writeTracking(root, args.file, document)
      await this.printReply({ ok: true, file: args.file })
    } else if (this.jsonEnabled()) await this.printReply(document)
    else {
      const { formatYaml } = await import('../../usecases/tasks/yaml-text.js')
      await this.print(formatYaml(document, null).trimEnd())
    }
  }
}
