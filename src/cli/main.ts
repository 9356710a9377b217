/** The command line of this process under the framework, from its start to its exit code. */
import { Config, Errors, run } from '@oclif/core'
import { reportFailure } from './failure.js'
import { takeHandedOver, whatWasHandedOver } from './handed-over.js'
import { guardStreams, printError, whenPrinted } from './streams.js'

/**
 * Runs the command and ends the process: a client of a Redis that has fallen silent, or a pipe nobody reads, would keep it
 * alive. `packageFile` is our package.json, where oclif finds the commands.
 */
export async function main(packageFile: string): Promise<void> {
  guardStreams()
  process.exit(await exitCodeOfRun(takeHandedOver(process.argv.slice(2)), packageFile))
}

async function exitCodeOfRun(argv: string[], packageFile: string): Promise<number> {
  let commands: string[] = []
  try {
    // Plugins are looked for in ~/.local/share/memory_sync, which is where we install ourselves: none of it is oclif's.
    const config = await Config.load({ root: packageFile, userPlugins: false, devPlugins: false })
    commands = namesOf(config)
    const { dropIn } = whatWasHandedOver()
    if (dropIn !== undefined && !isCommand(argv[0], config)) return await legacyUsage(dropIn)
    const asked = asHelp(argv)
    refuseStray(asked, config)
    await run(asked, config)
    await whenPrinted()
    return 0
  } catch (error) {
    if (error instanceof Errors.ExitError) return error.oclif.exit ?? 1
    return reportFailure(error, { json: asksForJson(argv), commands })
  }
}

/** `help lock run` is `lock run --help`. */
const asHelp = (argv: string[]): string[] => (argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv)

/** Words behind a command that takes none, and has no other below it: oclif would look for a command of that name. */
function refuseStray(argv: readonly string[], config: Config): void {
  const end = argv.findIndex((word) => word.startsWith('-') || word.includes('='))
  const words = argv.slice(0, end < 0 ? argv.length : end)
  for (let n = 1; n < words.length; n++) {
    const command = config.findCommand(words.slice(0, n).join(':'))
    if (command === undefined) continue
    const takesWords = Object.keys(command.args).length > 0
    if (takesWords || config.commandIDs.some((id) => id.startsWith(`${command.id}:`))) continue
    throw new Errors.CLIError(`Unexpected argument${words.length === n + 1 ? '' : 's'}: ${words.slice(n).join(', ')}`)
  }
}

const isCommand = (word: string | undefined, config: Config): boolean => namesOf(config).some((name) => name.split(' ', 1)[0] === word)

/** As they are typed, aliases too. */
const namesOf = ({ commands }: Config): string[] =>
  commands.flatMap(({ id, aliases, hidden }) => (hidden ? [] : [id, ...aliases])).map((name) => name.replaceAll(':', ' '))

/** What the script that we stand in for said, to nothing and to what it did not know. */
async function legacyUsage(calledAs: string): Promise<number> {
  await printError(`Usage: ${calledAs} {update|get} [agent] [status]\n`)
  return 1
}

/** For errors before there is a command that could tell. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json')
}
