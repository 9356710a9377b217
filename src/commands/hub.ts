import { BaseCommand } from '../cli/base-command.js'
import { openOptionsOf } from '../cli/open.js'

export default class Hub extends BaseCommand {
  static override readonly summary = 'Run the hub of this root in the foreground.'
  static override readonly description = `The hub replicates the file and Redis both ways, takes in drops, and serves the commands of this machine. It logs to
stdout, a line at once. SIGTERM, SIGINT, SIGUSR1 or "hub stop" ends it; nothing that was acknowledged depends
on it.`
  static override readonly examples = [
    '<%= config.bin %> hub',
    '<%= config.bin %> hub status',
    '<%= config.bin %> hub stop',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(Hub)
    const [{ runHub }, { writeLineNow }, { openLocalEngine }, { settingsOf }, { taskFileOf }, { readConfig }] = await Promise.all([
      import('../hub/run.js'),
      import('../hub/log.js'),
      import('../memory/engine.js'),
      import('../memory/settings.js'),
      import('../memory/task-file.js'),
      import('../config/file.js'),
    ])
    const options = openOptionsOf(flags)
    const code = await runHub({
      root: options.root,
      version: this.config.version,
      open: () => openLocalEngine(options),
      settings: await settingsOf(options),
      taskFile: taskFileOf(options.root, (await readConfig(options.env)).tasks),
      out: this.jsonEnabled() ? (line) => writeLineNow(asJson(line)) : writeLineNow,
    })
    if (code !== 0) this.exit(code)
  }
}

/** Time, level and text of a line of the log. */
function asJson(line: string): string {
  const [, timestamp, level, text] = /^(\S+) (\S+) +(.*)$/s.exec(line) ?? []
  return JSON.stringify({ timestamp, level: level?.toLowerCase(), text: text ?? line })
}
