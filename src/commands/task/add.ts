import { Args, Flags } from '@oclif/core'
import { TaskCommand, writeFlags } from '../../cli/task-command.js'
import { conditionsOf, refuseEmpty } from '../../cli/conditions.js'
import { addTask } from '../../usecases/tasks/add.js'

export default class TaskAdd extends TaskCommand {
  static override readonly summary = 'Add a work item, with the status "new".'
  static override readonly description = 'Where there is such an item already: exit 20. KEY=VALUE sets any other field, as in "set".'
  static override readonly examples = [
    '<%= config.bin %> task add P0-12 --title "Fix the coordinator"',
    '<%= config.bin %> task add P0-13 "Ship it" --depends-on P0-12 priority=P0',
  ]
  static override readonly args = {
    id: Args.string({ description: 'Its name.', required: true }),
    title: Args.string({ description: 'What it is about.' }),
    fields: Args.string({ description: 'KEY=VALUE, as many as you like.', multiple: true }),
  }
  static override readonly flags = {
    title: Flags.string({ summary: 'What it is about.', helpValue: 'TEXT' }),
    'depends-on': Flags.string({ summary: 'Has to be complete first; may be repeated.', helpValue: 'ID', multiple: true, multipleNonGreedy: true }),
    by: Flags.string({ summary: 'Who writes, for the history.', helpValue: 'NAME' }),
    ...writeFlags,
  }

  protected override get takesMore(): boolean {
    return true
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskAdd)
    refuseEmpty(flags, 'title')
    const [, ...rest] = this.positional
    const [first] = rest
    const hasTitle = flags.title === undefined && first !== undefined && !/^[\w.]+\+?=/.test(first)
    const title = flags.title ?? (hasTitle ? first : args.id)
    const task = { id: args.id, title, dependsOn: flags['depends-on'] ?? [], fields: hasTitle ? rest.slice(1) : rest, ...conditionsOf(flags) }
    const { source: _source, ...receipt } = await this.changeTasks(flags, (surroundings) =>
      addTask(surroundings, task),
    )
    await this.printReply(await this.warned(receipt))
  }
}
