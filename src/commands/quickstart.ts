import { tmpdir } from 'node:os'
import { BaseCommand } from '../cli/base-command.js'
import { untilSignal } from '../cli/ending.js'
import { environment } from '../cli/open.js'

export default class Quickstart extends BaseCommand {
  static override readonly summary = 'See it work: a hub, two agents, Redis and the file, and a clean stop.'
  static override readonly description = `Everything happens on a root of its own below the temporary directory, with a private redis-server where one is
installed; both are gone afterwards, also after Ctrl-C. Your root and your Redis are not touched.`
  static override readonly examples = ['<%= config.bin %> quickstart']

  async run(): Promise<void> {
    await this.parse(Quickstart)
    const { takeTour } = await import('../quickstart/tour.js')
    const lines: string[] = []
    const ended = await untilSignal((signal) =>
      takeTour({
        program: [process.execPath, process.argv[1]!],
        env: environment(),
        temporary: tmpdir(),
        signal,
        say: (line) => {
          if (this.jsonEnabled()) lines.push(line)
          else process.stdout.write(`${line}\n`)
        },
      }),
    )
    if ('code' in ended) return this.exit(ended.code)
    await this.printReply({ ok: true, lines })
  }
}
