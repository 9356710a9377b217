/** The hot verbs as they are called. Light: the way past oclif reads this before it knows what to load. */
import type { FlagShape, VerbShape } from './shape.js'

export const HOT_VERBS = ['get', 'set', 'update', 'record'] as const
export type HotVerb = (typeof HOT_VERBS)[number]

export const commonFlags = {
  by: {
    summary: 'Who writes, for the history.',
    description: 'Default: MEMORY_SYNC_AGENT, else USER.',
    value: 'NAME',
  },
  fence: { summary: 'Write only while this is the newest fence of the lease.', value: 'NAME:N' },
  'idempotency-key': { summary: 'Apply the write once, however often it is repeated with this key.', value: 'KEY' },
  'if-rev': { summary: 'Write only if the record still has this revision (0: none).', value: 'N' },
} as const satisfies Record<string, FlagShape>

/** Of every command. */
export const storeFlagShapes = {
  root: {
    summary: 'The root directory.',
    description: 'Default: MEMORY_SYNC_ROOT, else LUKA_SOT, else ~/02luka.',
    value: 'DIR',
  },
  'redis-url': { summary: 'Which Redis, without a password: redis://, rediss:// or unix://.', value: 'URL' },
  'redis-password-file': { summary: 'File with the password of that Redis.', value: 'FILE' },
} as const satisfies Record<string, FlagShape>

const { by, fence, 'idempotency-key': key, 'if-rev': ifRev } = commonFlags

export const shapes = {
  get: {
    arguments: { path: { description: 'What to show; without it, the whole context.' } },
    takesMore: true,
    flags: {
      agent: { summary: 'PATH starts at the record of this agent.', value: 'NAME' },
      raw: { summary: 'Print a string without its quotes.' },
      compact: { summary: 'Print one line.' },
      'with-meta': { summary: 'Print {rev, durability, source, pending, context}.' },
    },
  },
  set: {
    arguments: {
      target: { description: 'An agent, current_work or token_usage.', required: true },
      assignments: { description: 'KEY=VALUE, KEY=null or KEY+=N; as many as you like.', many: true },
    },
    takesMore: true,
    flags: {
      patch: { summary: 'JSON merge patch, or - for standard input.', value: 'JSON|-' },
      status: { summary: 'Also set the status of the agent.', value: 'STATUS' },
      'with-status': {
        summary: 'Also set the status of the agent to the text at "status" in the patch.',
        description: 'For a text that no argument can be: one of 128 KiB and more, or with characters that an argument cannot have. Without one, the status stays.',
      },
      'if-rev': ifRev,
      fence,
      'idempotency-key': key,
      by,
    },
  },
  update: {
    arguments: {
      agent: { description: 'Whose status it is.' },
      status: { description: 'Any text; usual are active, idle and offline.' },
    },
    takesMore: true,
    flags: { by },
  },
  record: {
    arguments: {
      agent: { description: 'mary, rnd or any other agent.', required: true },
      id: { description: 'The task, the proposal or another piece of work.', required: true },
      outcome: { description: 'How it ended.', required: true },
      result: { description: 'JSON, - for standard input, or @FILE. Without it: {}.' },
    },
    takesMore: false,
    flags: {
      'duration-ms': { summary: 'How long it took.', value: 'MS' },
      literal: {
        summary: 'Take RESULT as it is.',
        description: 'Neither - nor @FILE means anything, what is no JSON is kept as a string, and an empty text is {}: for results of others.',
      },
      error: { summary: 'What went wrong.', value: 'TEXT' },
      score: { summary: 'How good it is.', value: 'N' },
      'score-before': { summary: 'How good it was before.', value: 'N' },
      learning: { summary: 'What was learned: also appended to the ledger of the agent.', value: 'TEXT' },
      fence,
      'idempotency-key': key,
      by,
    },
  },
} as const satisfies Record<HotVerb, VerbShape>

export const isHotVerb = (name: string | undefined): name is HotVerb => (HOT_VERBS as readonly (string | undefined)[]).includes(name)
