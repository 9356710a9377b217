/** Carries commands out at one store, and tells what can be seen there: the same must be seen at every store. */
import type { Entry } from '../../src/domain/entry.js'
import { formatLine } from '../../src/domain/json.js'
import { agentOf, type Draft, type Target } from '../../src/domain/operation.js'
import type { Proposal, Roster, SeenId, Store, Stored } from '../../src/store/contract.js'
import { touchedFields } from '../../src/store/hash-fields.js'
import { type Command, type KnownIds, type Mark, type Proposed, TARGETS } from './store-commands.js'

/** A store with what can happen to its data. */
export interface Actable {
  store: Store
  legacySet: (agent: string, field: string, text: string) => Promise<void>
  evict: (target: Target, parts: readonly ('record' | 'stamps' | 'types')[]) => Promise<void>
  evictMarks: (marks: readonly Mark[]) => Promise<void>
  setFence: (name: string, fence: number) => Promise<void>
}

const LEASE = 'merge'

export class Actor {
  private readonly reads: Map<Target, Stored>[] = []
  private readonly whole = new Map<Target, { roster: Roster; entry: Entry }>()
  /** Redis keeps no order of what it did not write. */
  private readonly writtenByLegacy = new Set<Target>()
  private epochs = 0
  private ids = 0

  constructor(private readonly subject: Actable) {}

  /** What the command came to, and what can be seen then. */
  async act(command: Command): Promise<unknown> {
    const outcome = await this.carryOut(command)
    await this.look()
    return { outcome, seen: await this.everything() }
  }

  /** Reads every record, as writers do at any time. */
  private async look(): Promise<void> {
    const now = new Map<Target, Stored>()
    for (const target of TARGETS) {
      const stored = await this.subject.store.read(target)
      now.set(target, stored)
      const { roster, entry, evicted } = stored
      if (roster?.live === true && entry !== undefined && !evicted) this.whole.set(target, { roster, entry })
    }
    this.reads.push(now)
  }

  private async carryOut(command: Command): Promise<unknown> {
    const { subject } = this
    const { store } = subject
    switch (command.do) {
      case 'propose':
        return store.commit(await this.proposalOf(command))
      case 'begin':
        return this.begin(command.atLeast)
      case 'contain':
        return store.contain(await this.epochOf(command.epoch), new Map(command.known), namesOf(command.ids))
      case 'evict':
        return subject.evict(command.target, command.parts)
      case 'evict marks':
        await subject.evictMarks(command.keys)
        return command.atLeast === undefined ? undefined : this.begin(command.atLeast)
      case 'legacy set':
        this.writtenByLegacy.add(`agent:${command.agent}`)
        return subject.legacySet(command.agent, command.field, command.text)
      case 'heal': {
        const known = this.whole.get(command.target)
        if (known === undefined) return undefined
        return store.heal(await this.epochOf(command.epoch), command.target, known.roster, known.entry)
      }
      case 'grant':
        return subject.setFence(LEASE, command.fence)
    }
  }

  private async begin(atLeast: number): Promise<unknown> {
    const { store } = this.subject
    const begun = await store.beginEpoch(await store.hello(), { epoch: `r${++this.epochs}`, atLeast })
    return { epoch: begun.epoch, rev: begun.rev, first: begun.first, contains: [...begun.contains].sort() }
  }

  private async proposalOf(command: Proposed): Promise<Proposal> {
    const read = this.reads.at(-1 - command.readBefore)?.get(command.target) ?? (await this.subject.store.read(command.target))
    const draft = this.draftOf(command)
    const fields = command.expect === 'every field' ? [...read.tokens.keys(), 'n', 'context'] : []
    const compared = new Set([...fields, ...touchedFields(draft).merged])
    return {
      epoch: await this.epochOf(command.epoch),
      floor: command.floor,
      draft,
      before: read.entry,
      expect: {
        fields: new Map([...compared].map((field) => [field, read.tokens.get(field) ?? null])),
        ...(command.expect === 'roster' && { roster: read.roster }),
        ...(command.expect === 'no roster' && { roster: null }),
        ...(command.expect === 'live' && { live: true }),
        ...(command.expect === 'not live' && { live: false }),
      },
      ...ifRevOf(command, read),
      ...(command.fence !== undefined && { fence: { name: LEASE, fence: command.fence } }),
      ...(command.gives.length > 0 && { gives: namesOf(command.gives) }),
    }
  }

  private draftOf({ target, kind, leaves, inserts, lost, t, id, digest }: Proposed): Draft {
    const deletes = leaves.some((leaf) => leaf.path === '' && leaf.value === null)
    return {
      id: id === undefined ? `new-${++this.ids}` : knownId(id),
      t,
      target,
      kind,
      by: 'test',
      leaves,
      ...(inserts.length > 0 && !deletes && { inserts }),
      ...(lost && { lost: [{ path: '/n', lost: '1', kept: null }] }),
      ...(digest !== undefined && { digest }),
    }
  }

  private async epochOf(which: 'present' | 'another'): Promise<string> {
    return which === 'another' ? 'r-another' : ((await this.subject.store.hello()).epoch ?? 'r-none')
  }

  private async everything(): Promise<unknown> {
    const { store } = this.subject
    const { epoch, owner, run, rev, first, contains } = await store.hello()
    const records = TARGETS.map((target) => this.visible(target, this.reads.at(-1)!.get(target)!))
    return {
      lineage: { epoch, isOwn: owner === run, rev, first: epoch === null ? 0 : first, contains: epoch === null ? [] : [...contains].sort() },
      targets: (await store.targets()).sort(),
      changes: await store.changesAfter(0, 1_000),
      ids: (await store.seenIds(0)).map(({ id, rev: at, digest }) => [id, at, digest]).sort(),
      records,
    }
  }

  private visible(target: Target, { roster, entry, tokens, evicted }: Stored): unknown {
    const fields = [...tokens.keys()].sort()
    if (entry === undefined) return { target, roster, fields, evicted }
    const { tree, stamps, counts, ...rest } = entry
    const members = [...tree].map(([name, value]) => `${JSON.stringify(name)}:${formatLine(value)}`)
    const keepsOrder = !evicted && (agentOf(target) === undefined || !this.writtenByLegacy.has(target))
    return {
      ...{ target, roster, fields, evicted, ...rest },
      members: keepsOrder ? members : members.sort(),
      stamps: [...stamps].sort(),
      counts: [...counts].map(([path, byRoot]) => [path, [...byRoot].sort()]).sort(),
    }
  }
}

const knownId = (id: number): string => `known-${id}`
const namesOf = (ids: KnownIds): SeenId[] => ids.map((known) => ({ ...known, id: knownId(known.id) }))

function ifRevOf({ ifRev }: Proposed, { roster }: Stored): { ifRev?: number } {
  switch (ifRev) {
    case 'none':
      return {}
    case 'present':
      return { ifRev: roster?.live === true ? roster.rev : 0 }
    case 'zero':
      return { ifRev: 0 }
    case 'wrong':
      return { ifRev: 77_777 }
  }
}
