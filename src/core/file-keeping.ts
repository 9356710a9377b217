/** context.json of a root, by its keeper: an edit is taken in, and what was acknowledged is shown. */
import { composeDocument } from '../domain/document.js'
import { unreadableAgents } from '../domain/hand-edit.js'
import { formatPretty, type TreeMap } from '../domain/json.js'
import { formatTime } from '../domain/time.js'
import { type FileLook, judgeText, lookAtFile } from './file-in.js'
import type { Ports } from './ports.js'
import type { RootCopy } from './root-copy.js'

export class FileKeeping {
  /** Of the newest version of context.json. */
  private lastShown = 0
  private looksDue = 0

  constructor(
    private readonly ports: Ports,
    private readonly copy: RootCopy,
  ) {}

  /** context.json was being written, or was only just replaced: another look is due soon. */
  get isUnsettled(): boolean {
    return this.looksDue > 0
  }

  /** What was written before this keeper began. */
  async begin(): Promise<void> {
    this.lastShown = (await this.ports.root.versions.last())?.version.rev ?? 0
  }

  /** False: nothing may be written there in this round. */
  async takeIn(): Promise<boolean> {
    this.looksDue = Math.max(0, this.looksDue - 1)
    await this.takeReplaced()
    const look = await lookAtFile(this.ports, this.copy.facts())
    switch (look.is) {
      case 'unsettled':
        this.looksDue = 1
        return false
      case 'edited':
        await this.takeEdit(look)
        return true
      case 'broken': {
        const { document, versions } = this.ports.root
        const where = look.hash === null ? await document.moveAside('broken') : await document.setAside('broken')
        this.ports.tell('error', `context.json cannot be read (${look.reason}): set aside as ${where ?? '?'}, and restored`)
        if (look.hash !== null) await versions.merged(look.hash)
        return true
      }
      default:
        return true
    }
  }

  async putOut(): Promise<void> {
    const { document, versions } = this.ports.root
    const { replica, open } = this.copy
    const file = await document.read()
    if (file !== null && (file.unreadable !== undefined || !(await versions.knows(this.ports.digest(file.text))))) return // edited since: next round
    const composed = this.compose()
    const text = `${formatPretty(composed)}\n`
    if (file?.text === text || (composed.size <= 2 && file === null)) return
    const hash = this.ports.digest(text)
    const t = Math.max(replica.t, ...open.all().map(({ op }) => op.t))
    const { rev, epoch } = replica
    this.lastShown = this.shownRev()
    await versions.add({ rev: this.lastShown, base: rev, epoch, t, hash }, composed)
    await document.replace(text, file?.identity ?? null)
    this.looksDue = 4 // what was replaced is looked at once more
  }

  /** The records as they will be when everything acknowledged is committed, as one document. */
  compose(): TreeMap {
    const facts = { rev: this.shownRev(), lastUpdate: this.lastUpdate(), order: this.copy.order }
    return composeDocument(this.copy.records(), facts)
  }

  private async takeEdit(look: Extract<FileLook, { is: 'edited' }>): Promise<void> {
    for (const op of look.operations) {
      await this.ports.root.append({ op })
      this.copy.open.add({ op })
    }
    const unreadable = unreadableAgents(look.document)
    if (unreadable.length > 0) {
      const where = await this.ports.root.document.setAside('unreadable')
      this.ports.tell('error', `records that are no objects (${unreadable.join(', ')}) in context.json: a copy is ${where ?? '?'}`)
    }
    if (this.copy.order.length === 0 || look.operations.length > 0) this.copy.takeOrder(look.document)
    await this.ports.root.versions.merged(look.hash)
    if (look.operations.length > 0) {
      this.ports.tell('info', `context.json was edited: ${look.operations.map((op) => op.target).join(', ')}`)
    }
  }

  /** Somebody may have written to the file in the moment in which it was replaced. */
  private async takeReplaced(): Promise<void> {
    for (const replaced of await this.ports.root.document.replaced()) {
      const look = await judgeText(this.ports, replaced.text, this.copy.facts())
      if (look.is === 'unsettled') continue
      if (look.is === 'broken') {
        const where = await replaced.setAside('broken')
        this.ports.tell('error', `what was written over context.json cannot be read (${look.reason}): set aside as ${where ?? '?'}`)
        continue
      }
      if (look.is === 'edited') await this.takeEdit(look)
      await replaced.forget()
    }
  }

  /** Writes that are not in the replica yet count as one each: the revision of the file never goes back, and no two versions share one. */
  private shownRev(): number {
    return Math.max(this.copy.replica.rev + this.copy.open.all().length, this.lastShown)
  }

  private lastUpdate(): string | undefined {
    const { replica, open } = this.copy
    const t = Math.max(replica.t, ...open.all().map(({ op }) => (op.kind === 'adopt' ? 0 : op.t)))
    return t === 0 ? undefined : formatTime(t, this.ports.clock.offsetMinutes())
  }
}
