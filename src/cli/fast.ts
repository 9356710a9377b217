/**
 * The entry of every command line, as one light CommonJS file: simple forms of the hot verbs go to the hub, or are performed
 * here without the framework; everything else is left to oclif. What is printed is the verb's own in all three.
 */
import { existsSync, rmSync } from 'node:fs'
import { resolveRoot } from '../config/root.js'
import { runByHub, type RunOutcome } from '../client/run.js'
import { newOperationId, NO_OPERATION_ID, type RunReply } from '../client/run-wire.js'
import { silenceMarkOf, socketCandidates } from '../client/socket-path.js'
import type { Printed } from '../verbs/printed.js'
import { parseSimple, type SimpleCall } from '../verbs/simple-form.js'
import { type HandedOver, takeHandedOver, whatWasHandedOver } from './handed-over.js'
import { printFast } from './print-fast.js'
import type * as Self from './self.js'

export { printFast }

/** V8 has a cache for each: nobody loads what only the other one needs. */
export type Purpose = `${'reading' | 'writing'}-${'any' | 'files'}`

export interface Surrounding {
  version: string
  /** Loads what performs a verb in this process, as quickly as can be for what it is loaded for. */
  loadSelf: (purpose: Purpose) => typeof Self
  /** oclif, with the arguments of this process as they came. */
  loadFramework: () => Promise<void>
}

const HUB_BUDGET_MS = 150
const ANSWER_MS = 5_000

export async function fast(surrounding: Surrounding): Promise<void> {
  const reply = await answer(process.argv.slice(2), surrounding)
  if (reply === null) return surrounding.loadFramework()
  process.exit(await printFast(reply))
}

/** null: no simple form of a hot verb. */
export async function answer(argv: readonly string[], { version, loadSelf }: Omit<Surrounding, 'loadFramework'>): Promise<RunReply | Printed | null> {
  const args = takeHandedOver(argv)
  // U+FFFD is what Node makes of bytes that are no text, and seldom meant.
  const refused = args.some((argument) => argument.includes('\uFFFD')) ? loadSelf('reading-any').refusal(args) : null
  if (refused !== null) return refused
  const simple = simpleCall(args)
  if (simple === null) return null
  const { operationId, pastHub } = whatWasHandedOver()
  const isHandedOver = operationId !== undefined || pastHub === true
  const handedOn = isHandedOver ? whatWasHandedOver() : await askHub(simple, version)
  return 'code' in handedOn ? handedOn : loadSelf(purposeOf(simple)).performHere(simple, handedOn)
}

/** Redis may be switched off by the config file, too: then a larger cache than it takes is loaded, and nothing else. */
const purposeOf = ({ verb }: SimpleCall): Purpose =>
  `${verb === 'get' ? 'reading' : 'writing'}-${process.env['MEMORY_SYNC_REDIS'] === 'off' ? 'files' : 'any'}`

/** A `get` writes nothing, and needs none. */
const idFor = ({ verb }: SimpleCall): string => (verb === 'get' ? NO_OPERATION_ID : newOperationId())

/** oclif takes the wish for JSON from the environment too. */
const simpleCall = (argv: readonly string[]): (SimpleCall & { argv: readonly string[] }) | null => {
  const simple = process.env['MEMORY_SYNC_CONTENT_TYPE'] === undefined ? parseSimple(argv) : null
  return simple === null ? null : { ...simple, argv }
}

/** The client in the shell leaves a hub alone that was silent once, until somebody has heard of it who can wait with a limit. */
function unmarkSilence(root: string): void {
  const mark = silenceMarkOf(root)
  if (existsSync(mark)) rmSync(mark, { force: true })
}

/** The hub's answer, or what has to be known of the attempt by whoever does it instead. */
async function askHub(simple: SimpleCall & { argv: readonly string[] }, version: string): Promise<RunReply | HandedOver> {
  const operationId = idFor(simple)
  const outcome = await sendToHub(simple, operationId, version)
  if (typeof outcome === 'object') return outcome
  return { ...(outcome === 'silent' && { operationId }), ...(outcome !== 'declined' && { pastHub: true }) }
}

/** Whether the hub takes it is the hub's to say; these it never does, and they would cost a round trip. */
async function sendToHub({ call, argv }: SimpleCall & { argv: readonly string[] }, operationId: string, version: string): Promise<RunOutcome> {
  const { root, 'redis-url': url, 'redis-password-file': passwordFile } = call.flags
  if (url !== undefined || passwordFile !== undefined || root === '') return 'declined'
  let isDeclined = false
  const path = resolveRoot(root, process.env).path
  for (const socketPath of socketCandidates(path)) {
    if (!existsSync(socketPath)) continue // a look takes a tenth of an attempt to connect
    const request = { root: path, offsetMinutes: -new Date().getTimezoneOffset(), operationId, settings: process.env, argv }
    const outcome = await runByHub(socketPath, request, { version, budgetMs: HUB_BUDGET_MS, answerMs: ANSWER_MS })
    if (typeof outcome === 'object') unmarkSilence(path)
    if (outcome === 'declined') isDeclined = true
    else if (outcome !== 'absent') return outcome
  }
  return isDeclined ? 'declined' : 'absent'
}
