/**
 * One write: to the shared store when that can be done at once, else into the journal; always with the same id, so that
 * sending it again is never a second write. What returns `ok` is kept.
 */
import type { Entry } from '../domain/entry.js'
import type { Change, Operation, Target } from '../domain/operation.js'
import { isOtherPayload } from '../domain/replica.js'
import type { OperationIds } from './engine-types.js'
import { Fate } from './fate.js'
import { placeOf } from './given-back.js'
import { MemoryError, StoreUnavailable } from '../errors/errors.js'
import type { Store } from '../store/contract.js'
import type { Glance } from '../store/root.js'
import type { Keeper } from './keeper.js'
import type { WriteOutcome, WriteRequest } from './memory.js'
import type { Mode } from './mode.js'
import { isSharedEpoch, type Ports } from './ports.js'
import { submit, type Submission } from './submit.js'
import { resolve } from '../domain/resolve.js'
import { type Final, finalOf, keeperIsBusy, notArbitrated, refusal } from './write-verdict.js'

/** `queue`: there is no other way, so it waits while others take their turns. */
export type Patience = 'short' | 'queue'

/** How a writer works with the keeper of its root. */
export interface KeeperAccess {
  /** `id`: of an operation that is asked for, where nobody follows the journal. */
  facts(id?: string): Promise<Glance>
  /**
   * Has a round done, within its budget, and returns who did it; null: somebody else is the keeper and busy. `mustWait`
   * false: the outcome is known, and the round may come later if there is somebody to do it.
   */
  settle(mustWait: boolean): Promise<Keeper | null>
  /** An up-to-date view of the root without a round, which others may look at too. */
  view(): Promise<Keeper>
  /** Runs in the keeper's place: only there this root may number changes itself. null: not possible now. */
  alone<T>(action: (keeper: Keeper) => Promise<T>, patience?: Patience): Promise<T | null>
  mode(facts: Glance, store: Store | null): Mode
  /** An operation with this id was acknowledged before, where somebody follows the journal. */
  has(id: string): boolean
  /** The record as it is believed to be, where somebody follows the changes. */
  known(target: Target): Entry | undefined
  /** This process has committed a change. Resolves when it is known, or will be pulled; never rejects. */
  took(change: Change): Promise<void>
}

export class Writer {
  /** By record: when everything that is on its way to it has been answered, and is known here. */
  private readonly lanes = new Map<Target, Promise<unknown>>()

  constructor(
    private readonly ports: Ports,
    private readonly keeper: KeeperAccess,
  ) {}

  write(request: WriteRequest, ids: OperationIds): Promise<WriteOutcome> {
    const fate = new Fate()
    return fate.told(request, this.writeOnce(request, ids, fate))
  }

  private async writeOnce(request: WriteRequest, ids: OperationIds, fate: Fate): Promise<WriteOutcome> {
    await this.ports.root.prepare()
    const facts = await this.keeper.facts()
    const operation = await this.operationOf(request, ids, facts)
    const isConditional = request.ifRev !== undefined || request.fence !== undefined
    const isKnown = this.keeper.has(operation.id)
    const final = await this.direct(operation, facts, fate)
    const outcome = await (final === null ? this.undecided(operation, isConditional, fate) : this.acknowledge(operation, final, facts, fate))
    return outcome.ok && isKnown ? { ...outcome, repeated: true } : outcome
  }

  /** By whoever may decide on it, or for the journal. */
  private async undecided(operation: Operation, isConditional: boolean, fate: Fate): Promise<WriteOutcome> {
    if (isConditional) return this.conditional(operation, fate)
    const mayBeReplay = operation.digest !== undefined && !fate.isOpen && (await this.ports.connector.connect()) !== null
    return (mayBeReplay ? await this.joined(operation, fate) : null) ?? this.journaled(operation)
  }

  /** With a key, to a lineage that this root has not joined: once it has, it is known whether others have used the key there. null: it could not. */
  private async joined(operation: Operation, fate: Fate): Promise<WriteOutcome | null> {
    await this.keeper.settle(true)
    const facts = await this.keeper.facts()
    const final = await this.direct({ ...operation, base: facts.rev, baseEpoch: facts.epoch ?? '' }, facts, fate)
    return final === null ? null : this.acknowledge(operation, final, facts, fate)
  }

  private async operationOf(request: WriteRequest, ids: OperationIds, facts: Glance): Promise<Operation> {
    const { target, kind, edits, by, ifRev, fence } = request
    return {
      id: ids.id,
      t: ids.t ?? Math.max(this.ports.clock.now() + facts.skewMs, facts.lastT + 1),
      target,
      kind,
      edits,
      base: facts.rev,
      baseEpoch: facts.epoch ?? '',
      by,
      root: await this.ports.root.id(),
      ...(ids.digest !== undefined && { digest: ids.digest }),
      ...(ifRev !== undefined && { ifRev }),
      ...(fence !== undefined && { fence }),
    }
  }

  /** Straight to the shared store, unless own acknowledged writes wait: those are not overtaken. null: not decided; the journal has to do, or the keeper. */
  private async direct(operation: Operation, facts: Glance, fate: Fate, takesGaps?: true): Promise<Final | null> {
    const { epoch } = facts
    if (epoch === null || !isSharedEpoch(epoch) || facts.pending > 0) return null
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const submission = await fate.after(this.inLane(operation.target, () => this.send(operation, facts, epoch, takesGaps)))
        return submission === null ? null : finalOf(submission)
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error
      }
    }
    return null
  }

  /** null: there is no connection. */
  private async send(operation: Operation, facts: Glance, epoch: string, takesGaps?: true): Promise<Submission | null> {
    const store = await this.ports.connector.connect()
    if (store === null) return null
    const known = this.keeper.known(operation.target)
    const options = { epoch, floor: facts.high, latest: this.ports.clock.now() + facts.skewMs, waited: false }
    return submit(store, operation, options, { known, ...(takesGaps && { takesGaps }) })
  }

  /** Writes of one record go one after another: when they race, each that is done makes all others read again. */
  private inLane(target: Target, send: () => Promise<Submission | null>): Promise<Submission | null> {
    const sent = (this.lanes.get(target) ?? Promise.resolve()).then(send)
    const done = sent.then(
      (submission) => (submission?.is === 'committed' ? this.keeper.took(submission.change) : undefined),
      () => undefined,
    )
    this.lanes.set(target, done)
    void done.then(() => {
      if (this.lanes.get(target) === done) this.lanes.delete(target)
    })
    return sent
  }

  private async acknowledge(operation: Operation, final: Final, facts: Glance, fate: Fate): Promise<WriteOutcome> {
    if (final.is !== 'committed' && final.is !== 'duplicate') return refusal(final)
    const rev = final.is === 'committed' ? final.change.rev : final.rev
    const outcome: WriteOutcome = { ok: true, rev: rev === 0 ? null : rev, durability: 'redis', pending: facts.pending }
    if (final.is === 'duplicate' && operation.digest !== undefined) outcome.replayed = true
    // Of what this very call has sent and got no answer to, a duplicate says nothing.
    if (final.is === 'duplicate' && !fate.isOpen) outcome.repeated = true
    try {
      await this.ports.root.append({ op: decided(operation), ...(await placeOf(final, { epoch: facts.epoch!, rev: facts.rev }, this.ports.connector)) })
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error
      outcome.journal = false
    }
    await this.keeper.settle(false)
    return outcome
  }

  /** Into the journal: acknowledged when the line is there. Then, if that can be done at once, into the store. */
  private async journaled(operation: Operation): Promise<WriteOutcome> {
    const before = await this.refusedBefore(operation)
    if (before !== null) return before
    await this.ports.root.append({ op: operation })
    const keeper = await this.keeper.settle(true)
    // The key may have been taken since that look: of the lines with an id the first one counts.
    if (operation.digest !== undefined && isForOther(operation, keeper ?? (await this.keeper.view()))) return { ok: false, reason: 'other-payload' }
    return keeper === null ? this.outcomeAtAGlance(operation) : this.outcomeOf(operation, keeper)
  }

  /** Nobody has done a round for us in time, but somebody may have taken it along: the journal says so, and reading everything is dear. */
  private async outcomeAtAGlance(operation: Operation): Promise<WriteOutcome> {
    const facts = await this.keeper.facts(operation.id)
    if (facts.about === undefined) return this.outcomeOf(operation, await this.keeper.view()) // it was folded meanwhile
    const mode = this.keeper.mode(facts, await this.ports.connector.connect())
    const { rev = 0 } = facts.about
    const durability = rev > 0 && mode === 'online' ? 'redis' : 'file'
    return { ok: true, rev: rev === 0 ? null : rev, durability, pending: mode === 'off' ? 0 : facts.pending }
  }

  /** What would be refused later is refused now, as far as this root can know. */
  private async refusedBefore(operation: Operation): Promise<WriteOutcome | null> {
    const isPlain = operation.digest === undefined && operation.edits.every((edit) => edit.do === 'set' || edit.do === 'default')
    if (isPlain) return null
    const view = await this.keeper.view()
    if (knownAs(operation, view) !== undefined) {
      if (isForOther(operation, view)) return { ok: false, reason: 'other-payload' }
      const outcome = this.outcomeOf(operation, view)
      // Without a key it is this very call that was sent before, elsewhere.
      return outcome.ok && operation.digest !== undefined ? { ...outcome, replayed: true } : outcome
    }
    if (operation.kind === 'delete' && view.record(operation.target)?.live !== true) return { ok: false, reason: 'absent' }
    const added = operation.edits.flatMap((edit) => (edit.do === 'add' ? [edit.path] : []))
    if (added.length === 0) return null
    const { notNumbers } = resolve(operation, view.record(operation.target, added), { t: operation.t, against: 'order' })
    return notNumbers.length > 0 ? { ok: false, reason: 'not-a-number', paths: notNumbers } : null
  }

  private outcomeOf(operation: Operation, keeper: Keeper): WriteOutcome {
    const rev = keeper.revisionOf(operation.id)
    const isCommitted = rev !== undefined && keeper.mode === 'online'
    return { ok: true, rev: rev ?? null, durability: isCommitted ? 'redis' : 'file', pending: keeper.pending() }
  }

  /** Only the arbiter may decide: the shared store, or with files only the keeper of this root. */
  private async conditional(operation: Operation, fate: Fate): Promise<WriteOutcome> {
    await this.keeper.settle(true)
    const facts = await this.keeper.facts()
    const again = await this.direct({ ...operation, base: facts.rev, baseEpoch: facts.epoch ?? '' }, facts, fate, true)
    if (again !== null) return this.acknowledge(operation, again, facts, fate)
    const store = await this.ports.connector.connect()
    // What Redis may have done is Redis' to decide.
    if (!fate.isOpen && this.keeper.mode(facts, store) === 'off') return this.conditionalAlone(operation)
    const { reason } = this.ports.connector
    throw notArbitrated({ answers: store !== null && reason === null, pending: facts.pending, reason })
  }

  private async conditionalAlone(operation: Operation): Promise<WriteOutcome> {
    const outcome = await this.keeper.alone(async (keeper): Promise<WriteOutcome> => {
      await keeper.round([])
      const submission = await keeper.submitHere(operation)
      const final = finalOf(submission)
      if (final === null) throw keeperIsBusy()
      if (final.is !== 'committed' && final.is !== 'duplicate') return refusal(final)
      await keeper.roundAfter()
      const rev = final.is === 'committed' ? final.change.rev : final.rev
      const replayed = final.is === 'duplicate' && operation.digest !== undefined
      return { ok: true, rev, durability: 'file', pending: 0, ...(replayed && { replayed: true as const }) }
    }, 'queue')
    if (outcome === null) throw keeperIsBusy()
    return outcome
  }
}

/** A condition that was met once is not asked again: when the store loses the write, it is brought back in any case. */
function decided(operation: Operation): Operation {
  if (operation.ifRev === undefined && operation.fence === undefined) return operation
  const { ifRev: _ifRev, fence: _fence, ...decided } = operation
  return decided
}

const knownAs = ({ id }: Operation, view: Keeper): { digest?: string } | undefined => view.replica.seen.get(id) ?? view.open.get(id)?.op

function isForOther(operation: Operation, view: Keeper): boolean {
  const known = knownAs(operation, view)
  return known !== undefined && isOtherPayload(operation.digest, known)
}
