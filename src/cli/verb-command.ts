/** A hot verb as an oclif command: what it does and prints is the verb's own, which hub and fast entry perform as well. */
import { performVerb, verbs } from '../verbs/perform.js'
import type { VerbCall } from '../verbs/shape.js'
import { type HotVerb, shapes } from '../verbs/shapes.js'
import { BaseCommand } from './base-command.js'
import { whatWasHandedOver } from './handed-over.js'
import { printAll } from './streams.js'
import { openWorld } from './world.js'

export abstract class VerbCommand extends BaseCommand {
  static override readonly enableJsonFlag: boolean = true
  protected abstract readonly verb: HotVerb

  async run(): Promise<void> {
    const { args, flags } = await this.parse(this.ctor)
    const call: VerbCall = {
      args: args,
      flags: withoutBooleans(flags),
      positional: this.positional,
      json: this.jsonEnabled(),
    }
    const code = await printAll(await performVerb(this.verb, call, () => openWorld(call, whatWasHandedOver())))
    if (code !== 0) this.exit(code)
  }

  protected override get takesMore(): boolean {
    return shapes[this.verb].takesMore
  }

  protected override get errorPrefix(): string {
    return verbs[this.verb].errorPrefix ?? 'Error'
  }
}

/** A flag without a value is `''` when it is given. */
function withoutBooleans(flags: Record<string, unknown>): VerbCall['flags'] {
  const given = Object.entries(flags).filter(([, value]) => value !== false && value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, value === true ? '' : (value as string)]))
}
