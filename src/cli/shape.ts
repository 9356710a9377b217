/** The shapes of verbs as oclif wants them. */
import { Args, Flags, type Interfaces } from '@oclif/core'
import type { ArgumentShape, FlagShape, VerbShape } from '../verbs/shape.js'

type Arg = Interfaces.Arg<string | undefined>
type Switch = Interfaces.BooleanFlag<boolean>
export type Option = Interfaces.OptionFlag<string | undefined>

/** A flag with a value. */
export const oclifOption = ({ summary, description, value }: FlagShape, helpGroup?: string): Option =>
  Flags.string({
    summary,
    ...(value !== undefined && { helpValue: value }),
    ...(description !== undefined && { description }),
    ...(helpGroup !== undefined && { helpGroup }),
  })

export const oclifFlags = (shapes: VerbShape['flags']): Record<string, Option | Switch> =>
  mapped(shapes, (shape) => (shape.value === undefined ? oclifSwitch(shape) : oclifOption(shape)))

const oclifSwitch = ({ summary, description }: FlagShape): Switch => Flags.boolean({ summary, ...(description !== undefined && { description }) })

export const oclifArgs = (shapes: VerbShape['arguments']): Record<string, Arg> => mapped(shapes, oclifArg)

const oclifArg = ({ description, required, many }: ArgumentShape): Arg =>
  Args.string({ description, ...(required === true && { required }), ...(many === true && { multiple: many }) })

const mapped = <T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
