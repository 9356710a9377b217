/** context.json of a root, by its keeper: an edit is taken in, and what was acknowledged is shown. */
import { composeDocument, formatDocument } from '../domain/document.js'
import { unreadableAgents } from '../domain/hand-edit.js'
import type { TreeMap } from '../domain/json.js'
import { formatTime } from '../domain/time.js'
import type { FileText, Identity } from '../platform/files.js'
import type { Place } from '../store/root.js'
import { type FileLook, isSame, isUntouched, judgeText } from './file-in.js'
import { FilePace } from './file-pace.js'
import type { Ports } from './ports.js'
import { ReplacedLooks } from './replaced-looks.js'
import type { RootCopy } from './root-copy.js'

/**
 * Within this time after a change the clock of the file system may give another change the same time: what was read is
 * believed only if it was older then.
 */
const SAME_TIME_MS = 50
const KEPT_IDENTITIES = 4
/** What could not be written is tried again after this, or when something happens. */
const RETRY_MS = 500

/** When context.json is written: in any case; if that costs little; when it is time to, in a stream of changes. */
export type FileTurn = 'now' | 'cheap' | 'due'

/** context.json as it was when there was nothing in it that is not merged. */
interface Known {
  identity: Identity
  hash: string
  /** As long as the file has this identity, it has this text. */
  isSure: boolean
}

export class FileKeeping {
  /** Of the newest version of context.json. */
  private lastShown = 0
  private looksDue = 0
  private readonly replaced = new ReplacedLooks()
  private known: Known | null = null
  private sure: Identity[] = []
  /** What was written last. */
  private put: { state: string; hash: string; text: string } | null = null
  /** What was asked for last, where it was not written. */
  private shown: { state: string; text: string } | null = null
  private readonly pace = new FilePace()
  /** Writing has failed, or is not to be done yet: ms on the clock. */
  private heldUntil = 0

  constructor(
    private readonly ports: Ports,
    private readonly copy: RootCopy,
  ) {}

  /** context.json was being written, or was only just replaced: another look is due soon. */
  get isUnsettled(): boolean {
    return this.looksDue > 0 || this.replaced.areDue
  }

  /** Whether it is another file than the one that was looked into last. */
  async isTouched(): Promise<boolean> {
    return !isUntouched(await this.ports.root.document.identify(), this.known?.identity ?? null)
  }

  /** Where it shows everything. */
  get textInFile(): string | null {
    const { put, known } = this
    return put !== null && put.hash === known?.hash && put.state === this.state() ? put.text : null
  }

  /** ms until the file should be written; null: it shows everything. */
  dueInMs(): number | null {
    if (this.textInFile !== null) return null
    const now = this.ports.clock.now()
    return Math.max(this.pace.dueIn(now), Math.min(RETRY_MS, this.heldUntil - now))
  }

  /** What was written before this keeper began, or before its turn came again. */
  async begin(): Promise<void> {
    this.ports.root.versions.reload()
    this.replaced.wantMore(this.ports.clock.now())
    this.lastShown = await this.ports.root.versions.lastRev()
  }

  /** False: nothing may be written there in this round. */
  async takeIn(): Promise<boolean> {
    this.looksDue = Math.max(0, this.looksDue - 1)
    await this.takeReplaced()
    if (await this.isKnown()) return true
    const file = await this.ports.root.document.read()
    if (file === null) this.known = null
    else if (file.valid && file.text === this.put?.text) this.keep(file.identity, this.put.hash)
    else return this.takeText(file)
    return true
  }

  async putOut(when: FileTurn): Promise<void> {
    const now = this.ports.clock.now()
    this.pace.note(this.state(), now)
    const mayWait = when === 'due' || (when === 'cheap' && !this.pace.isCheap)
    if (this.textInFile !== null || (mayWait && this.pace.dueIn(now) > 0)) return
    this.heldUntil = now + RETRY_MS
    if (await this.write()) this.heldUntil = 0
  }

  /** False: not now; somebody has edited it since, and that comes first, or there is nothing to write. */
  private async write(): Promise<boolean> {
    const began = this.ports.clock.now()
    const { document, versions } = this.ports.root
    const expected = await document.identify()
    if (!isUntouched(expected, this.known?.identity ?? null)) return false
    const { rev, epoch, t: newest } = this.copy.replica
    const composed = this.compose()
    if (composed.size <= 2 && expected === null) return false
    const text = formatDocument(composed)
    const put = { state: this.state(), text, hash: this.ports.digest(text) }
    this.shown = null
    if (put.hash === this.known?.hash) {
      this.put = put
      return true
    }
    const t = this.copy.open.newestT(newest)
    this.lastShown = this.shownRev()
    await versions.add({ rev: this.lastShown, base: rev, epoch, t, hash: put.hash }, composed, text)
    const written = await document.replace(text, expected)
    const now = this.ports.clock.now()
    this.replaced.wantMore(now)
    this.pace.wrote(text.length, now - began, now)
    if (written === null) return false
    this.put = put
    this.known = { identity: written, hash: put.hash, isSure: false }
    await versions.placed()
    return true
  }

  /** The records as they will be when everything acknowledged is committed, as one document. */
  compose(): TreeMap {
    const facts = { rev: this.shownRev(), lastUpdate: this.lastUpdate(), order: this.copy.order }
    return composeDocument(this.copy.records(), facts)
  }

  /** The same as text. */
  text(): string {
    const state = this.state()
    if (this.put?.state === state) return this.put.text
    if (this.shown?.state !== state) this.shown = { state, text: formatDocument(this.compose()) }
    return this.shown.text
  }

  private async takeEdit(look: Extract<FileLook, { is: 'edited' }>, place: Place): Promise<void> {
    for (const op of look.operations) {
      await this.ports.root.append({ op })
      this.copy.open.add({ op })
    }
    const unreadable = unreadableAgents(look.document)
    const reason = unreadable.length > 0 ? 'unreadable' : look.left || (look.foreign && look.operations.length > 0) ? 'foreign' : null
    const where = reason === null ? null : ((await place.setAside(reason)) ?? '?')
    if (unreadable.length > 0) {
      this.ports.tell('error', `records that cannot be kept (no objects, or their names are no text: ${unreadable.map((name) => JSON.stringify(name)).join(', ')}) in context.json: a copy is ${where}`)
    }
    if (this.copy.order.length === 0 || look.operations.length > 0) this.copy.takeOrder(look.document)
    await this.ports.root.versions.merged(look.hash, look.identity)
    if (look.left) this.ports.tell('warn', `which versions of context.json are ours is not known any more: sums and lists that are here stay, and a copy of the file is ${where}`)
    if (look.operations.length === 0) return
    const targets = look.operations.map((op) => op.target).join(', ')
    if (!look.foreign) this.ports.tell('info', `context.json was edited: ${targets}`)
    else this.ports.tell('warn', `what stood in context.json came from elsewhere (a copy is ${where}): nothing is deleted, the newer value counts: ${targets}`)
  }

  private async takeText(file: FileText): Promise<boolean> {
    const look = await judgeText(this.ports, file, 'shown', this.copy.facts())
    switch (look.is) {
      case 'unsettled':
        this.looksDue = 1
        this.heldUntil = this.ports.clock.now() + RETRY_MS
        return false
      case 'edited':
        await this.takeEdit(look, this.ports.root.document)
        break
      case 'broken': {
        const { document, versions } = this.ports.root
        const where = look.hash === null ? await document.moveAside('broken') : await document.setAside('broken')
        const isRestored = (await versions.lastRev()) > 0
        this.ports.tell('error', `context.json cannot be read (${look.reason}): set aside as ${where ?? '?'}, ${isRestored ? 'and restored' : 'and what is known here takes its place'}`, ...(isRestored ? (['mended'] as const) : []))
        if (look.hash !== null) await versions.merged(look.hash)
        break
      }
      default:
    }
    if ('hash' in look && look.hash !== null) this.keep(look.identity, look.hash)
    else this.known = null
    return true
  }

  /** Nothing has happened to the file since it was looked into; or it is so young that another look would be none the wiser. */
  private async isKnown(): Promise<boolean> {
    if (this.known === null) return false
    const identity = await this.ports.root.document.identify()
    return isUntouched(identity, this.known.identity) && (this.known.isSure || this.isYoung(this.known.identity))
  }

  private isYoung({ mtimeMs }: Identity): boolean {
    const age = this.ports.clock.now() - mtimeMs
    return age >= 0 && age < SAME_TIME_MS
  }

  private keep(identity: Identity, hash: string): void {
    const isSure = this.ports.clock.now() - identity.mtimeMs >= SAME_TIME_MS
    this.known = { identity, hash, isSure }
    if (isSure) this.sure = [identity, ...this.sure.slice(0, KEPT_IDENTITIES)]
    else this.looksDue = Math.max(this.looksDue, 1)
  }

  /** Somebody may have written to the file in the moment in which it was replaced. */
  private async takeReplaced(): Promise<void> {
    const now = this.ports.clock.now()
    if (!this.replaced.begin(now)) return
    for (const replaced of await this.ports.root.document.replaced()) {
      const isUntouched = this.sure.some((identity) => isSame(identity, replaced.identity))
      const text = isUntouched ? null : await replaced.read()
      const look = text === null ? null : await judgeText(this.ports, text, 'replaced', this.copy.facts())
      if (look?.is === 'unsettled') {
        this.replaced.wantMore(now)
        continue
      }
      if (look?.is === 'broken') {
        const where = await replaced.setAside('broken')
        this.ports.tell('error', `what was written over context.json cannot be read (${look.reason}): set aside as ${where ?? '?'}`, 'mended')
        continue
      }
      if (look?.is === 'edited') await this.takeEdit(look, replaced)
      await replaced.forget()
    }
  }

  /** Another text whenever the document would be another one. */
  private state(): string {
    const { replica, open, order } = this.copy
    return [replica.epoch, replica.rev, open.version, ...order].join(' ')
  }

  /** Writes that are not in the replica yet count as one each: the revision of the file never goes back, and no two versions share one. */
  private shownRev(): number {
    return Math.max(this.copy.replica.rev + this.copy.open.size, this.lastShown)
  }

  private lastUpdate(): string | undefined {
    const { replica, open } = this.copy
    const t = open.all().reduce((newest, { op }) => (op.kind === 'adopt' ? newest : Math.max(newest, op.t)), replica.t)
    return t === 0 ? undefined : formatTime(t, this.ports.clock.offsetMinutes())
  }
}
