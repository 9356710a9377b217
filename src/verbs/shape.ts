/** What a hot verb may be called with. One description for oclif, for the way past it, and for the hub. */

export interface FlagShape {
  summary: string
  description?: string
  /** What its value is called in the help; without it, the flag takes none. */
  value?: string
}

export interface ArgumentShape {
  description: string
  required?: true
  /** For the help: it may be repeated. */
  many?: true
}

export interface VerbShape {
  /** In their order. */
  arguments: Readonly<Record<string, ArgumentShape>>
  /** Further arguments are no error. */
  takesMore: boolean
  flags: Readonly<Record<string, FlagShape>>
}

/** A call that was understood. What was not given is undefined; a flag without a value is `''`. */
export interface VerbCall {
  args: Readonly<Record<string, string | undefined>>
  flags: Readonly<Record<string, string | undefined>>
  /** All arguments that are no flags, as they came. */
  positional: readonly string[]
  json: boolean
}
