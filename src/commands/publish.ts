import { Args } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.js'
import { textOf } from '../cli/stdin.js'
import { MemoryError } from '../errors/errors.js'
import { parseJsonObjectArgument } from '../usecases/json-argument.js'

export default class Publish extends BaseCommand {
  static override readonly summary = 'Tell an event to whoever watches right now.'
  static override readonly description = `It goes out on the channel memory:updates of Redis, and is shown by "watch"; it is not kept, and no part of the
context. With files only, or as long as Redis does not take it, the hub tells those who watch on this
machine: with files only, those whose watch began while the hub ran. Exit 1 when there is nobody who could pass it on, 69 when this user cannot see whether there is.`
  static override readonly examples = [
    `<%= config.bin %> publish '{"event":"new_data","agent":"gc","file":"report.json"}'`,
    'some-tool | <%= config.bin %> publish -',
  ]
  static override readonly args = {
    event: Args.string({ description: 'A JSON object, or - for standard input.', required: true }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Publish)
    const event = parseJsonObjectArgument('EVENT', await textOf('EVENT', args.event, { files: false }))
    await this.withMemory(flags, async (memory, { path }) => {
      if (await memory.publish(event)) return
      const details = { published: false }
      const { refuseUnseen } = await import('../client/control.js')
      refuseUnseen(path, details)
      throw new MemoryError('failed', 'nobody can be told: Redis is off or away, and no hub answers', {
        suggestions: ['memory_sync hub status says whether one runs, and whether it hangs', 'memory_sync status says how it is with Redis'],
        details,
      })
    })
    await this.printReply({ ok: true, published: true })
  }
}
