import { Args, Flags } from '@oclif/core'
import { TaskCommand } from '../../cli/task-command.js'
import { refuseNoFile, textOf } from '../../cli/stdin.js'
import { MemoryError } from '../../errors/errors.js'
import { importTasks } from '../../usecases/tasks/add.js'

export default class TaskImport extends TaskCommand {
  static override readonly summary = 'Take in the items of a tracking file (YAML).'
  static override readonly description = `FILE has the form {metadata, prp_tracking: {ID: {title, status, ...}}, stats}. Items and fields that are missing here are
added; what differs stays as it is here, unless --overwrite. Nothing is deleted; every field is kept.`
  static override readonly examples = [
    '<%= config.bin %> task import .claude/prp_tracking/prp_status.yaml',
    '<%= config.bin %> task import prp_status.yaml --overwrite --json',
  ]
  static override readonly args = {
    file: Args.string({ description: 'The file, or - for standard input.', required: true }),
  }
  static override readonly flags = {
    overwrite: Flags.boolean({ summary: 'Fields that differ become those of the file.' }),
    by: Flags.string({ summary: 'Who writes, for the history.', helpValue: 'NAME' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskImport)
    refuseNoFile(args.file)
    const text = await textOf('FILE', args.file === '-' ? '-' : `@${args.file}`, { files: true })
    if (text.trim() === '') throw emptyFile(nameOf(args.file))
    const { parseTracking } = await import('../../usecases/tasks/yaml.js')
    const document = parseTracking(nameOf(args.file), text)
    const { source: _source, ...imported } = await this.changeTasks(flags, (surroundings) =>
      importTasks(surroundings, document, flags.overwrite),
    )
    const { total, added, changed, unchanged, left_out } = imported
    const reply = await this.warned(imported)
    if (this.jsonEnabled()) return this.printReply(reply)
    await this.print(`${total} item${total === 1 ? '' : 's'}: ${added} added, ${changed} changed, ${unchanged} as they were`)
    if (left_out.length > 0) await this.print(`left out, because memory_sync sets it itself: ${listed(left_out)}`)
  }
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : file)

const emptyFile = (file: string): MemoryError =>
  new MemoryError('usage', `${file} is empty: nothing was imported`, {
    suggestions: ['look at what was to write it; a file without items has at least "prp_tracking: {}"'],
  })

const LISTED = 10

const listed = (paths: readonly string[]): string =>
  paths.length <= LISTED ? paths.join(', ') : `${paths.slice(0, LISTED).join(', ')} and ${paths.length - LISTED} more`
