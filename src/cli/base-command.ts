/** What all commands have in common: the flags that choose the root and the Redis, one way to print, one way to fail. */
import { Command, Errors, type Interfaces } from '@oclif/core'
import type { ActorFlags } from '../config/author.js'
import type { ResolvedRoot } from '../config/root.js'
import { messageOf } from '../errors/errors.js'
import type { Receipt } from '../usecases/receipt.js'
import type { RootFiles, Surroundings } from '../usecases/surroundings.js'
import { formatJson } from '../verbs/json.js'
import { printedReceipt } from '../verbs/printed.js'
import { reportFailure } from './failure.js'
import { refuseGluedValues } from './glued-values.js'
import { open } from './open.js'
import { type StoreFlags, storeFlags } from './store-flags.js'
import { printAll, printError, printOut } from './streams.js'
import { rootFilesOf, surroundingsOf } from './surroundings.js'

type Memory = Surroundings['memory']

export abstract class BaseCommand extends Command {
  static override readonly enableJsonFlag: boolean = true
  static override readonly baseFlags = storeFlags

  /** Comes before the message of an error in its human form. */
  protected get errorPrefix(): string {
    return 'Error'
  }

  /** Further arguments are no error: `positional` has them. oclif's own `strict` makes its help say of every argument that it may be repeated. */
  protected get takesMore(): boolean {
    return false
  }

  /** The positional arguments as they came. oclif's own `argv` is sorted, and flags' values confuse the order. */
  protected positional: readonly string[] = []

  /**
   * As oclif does it, but a missing argument is never taken from stdin (`while read` loops and hooks have theirs for
   * something else, and waiting for it costs time), nor from what is glued to a switch.
   */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    const given = options ?? (this.ctor as Interfaces.Input<F, B, A>)
    const args = Object.entries(given.args ?? {}) as [string, object][]
    // An argument that may be repeated is one to oclif's help only: `positional` has the others as well.
    const alone = Object.fromEntries(args.map(([name, arg]) => [name, { ...arg, ignoreStdin: true, multiple: false }]))
    const { baseFlags, enableJsonFlag } = given // a spread does not copy what a class has from its parent
    const input = { ...given, args: alone, baseFlags, enableJsonFlag, strict: !this.takesMore } as Interfaces.Input<F, B, A>
    refuseGluedValues(argv ?? this.argv, { ...given.flags, ...baseFlags, json: { type: 'boolean' } })
    const parsed = await super.parse<F, B, A>(input, argv)
    this.positional = parsed.raw.filter((token) => token.type === 'arg').map((token) => token.input)
    return parsed
  }

  /** Opens the memory, and closes it whatever happens. */
  protected async withMemory<T>(
    flags: StoreFlags,
    use: (memory: Memory, root: ResolvedRoot) => Promise<T>,
  ): Promise<T> {
    const { memory, root } = await open(flags)
    try {
      return await use(memory, root)
    } finally {
      await memory.close()
    }
  }

  /** What use cases need of the world. */
  protected surroundings(memory: Memory, flags: ActorFlags = {}): Surroundings {
    return surroundingsOf(memory, flags)
  }

  protected rootFiles(root: ResolvedRoot): RootFiles {
    return rootFilesOf(root)
  }

  /** The result, and a newline. Resolves to false when nobody reads it any more. */
  protected print(text: string): Promise<boolean> {
    return printOut(`${text}\n`)
  }

  /** As `print`, for what nobody could be told again. null: somebody has it; else why nobody has. */
  protected whyUnread(text: string): Promise<string | null> {
    return this.print(text).then((isRead) => (isRead ? null : 'nobody reads the output'), messageOf)
  }

  /** The result of a command whose human form is silence: printed with --json only. */
  protected async printReply(reply: object): Promise<void> {
    if (this.jsonEnabled()) await printOut(`${formatJson(reply)}\n`)
  }

  /** A write: silence, or with --json where it is. What else there is to know goes to stderr, or with --json into the reply. */
  protected async printReceipt(receipt: Receipt, warnings: readonly string[] = []): Promise<void> {
    await printAll(printedReceipt(receipt, warnings, this.jsonEnabled()))
  }

  /** To stderr; with --json stderr stays empty, and the reply has to say it. */
  protected async note(text: string): Promise<void> {
    if (!this.jsonEnabled()) await printError(`${text}\n`)
  }

  protected override async catch(error: Error): Promise<never> {
    if (error instanceof Errors.ExitError) throw error
    this.exit(await reportFailure(error, { json: this.jsonEnabled(), prefix: this.errorPrefix }))
  }
}
