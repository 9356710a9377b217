/** `--switch=value`: oclif takes the switch, and the value for the next argument of the command. */
import { Errors } from '@oclif/core'

type Flags = Readonly<Record<string, { type: 'boolean' | 'option' }>>

/** Throws for a switch that is given a value. What belongs to another flag, or stands behind `--`, may look as it likes. */
export function refuseGluedValues(argv: readonly string[], flags: Flags): void {
  for (let at = 0; at < argv.length && argv[at] !== '--'; at++) {
    const [, name = '', glued] = /^--([^=]+)(=)?/.exec(argv[at]!) ?? []
    const type = Object.hasOwn(flags, name) ? flags[name]!.type : undefined
    if (type === 'option' && glued === undefined) at++ // the next one is its value
    if (type === 'boolean' && glued !== undefined) throw new Errors.CLIError(`--${name} takes no value`)
  }
}
