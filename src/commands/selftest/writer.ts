import { BaseCommand } from '../../cli/base-command.js'

export default class SelftestWriter extends BaseCommand {
  static override readonly hidden = true
  static override readonly summary = 'A process of writers, for selftest: orders come on stdin, and its end ends them.'

  async run(): Promise<void> {
    const { flags } = await this.parse(SelftestWriter)
    const [{ runWriters }, { open }] = await Promise.all([import('../../selftest/writer-process.js'), import('../../cli/open.js')])
    await runWriters(
      process.stdin,
      async () => this.surroundings((await open(flags)).memory),
      (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
    )
  }
}
