/** The naive choices that lost writes: each as a change of the source, to see that the simulation notices. */
import type { Replacement } from './bundle.js'

export interface Mutant {
  name: string
  /** What happens, in a sentence. */
  what: string
  changes: readonly Replacement[]
  /** The violations that it leads to. */
  shows: RegExp
  /** Options of the simulation under which it shows soon; without it, those of the baseline. */
  options?: readonly string[]
}

const JOIN = 'src/core/join.ts'
const FOREIGN = 'src/domain/foreign-change.ts'
const WRITER = 'src/core/writer.ts'
const MEMORY = 'src/store/memory/store.ts'
const DATA = 'src/store/memory/data.ts'

const LOSSES = ['fault.flush=0.1', 'fault.up=0.4', 'fault.snapshot=0.1']
const EVICTIONS = ['fault.evict=0.3', 'faultRate=0.03']
const CLOCKS = ['writes=0.03', 'jump=3000', 'fault.skew=0.3', 'fault.cut=0.2', 'fault.join=0.3']
/** Replies are lost and data is, and there is no other host that would have it; but Redis is up, so that writes go to it. */
const UNHEARD = [
  ...['hosts=1', 'replyLoss=0.05', 'writes=0.03', 'faultRate=0.03', 'fault.flush=0.3', 'fault.kill=0.1'],
  ...['fault.pause=0.3', 'fault.down=0', 'fault.stop=0', 'fault.cut=0'], // a hub that is paused hears nothing
]
const RETRIES = ['replyLoss=0.1', 'fault.flush=0.15', 'faultRate=0.02']
/** Legacy programs replace whole contexts, while Redis restarts and loses data. */
const OVERWRITTEN = ['fault.overwrite=0.1', 'fault.flush=0.1', 'fault.up=0.3']
/** Programs that live on are the keeper in turns. */
const TURNS = ['hubs=false', 'fault.hub=0', 'writes=0.04']

/** Nothing tells an evicted record from a whole one. */
const blindToEviction: Replacement = {
  file: DATA,
  find: 'if (known === undefined || !known.roster.live) return false',
  replace: 'return false',
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no epoch of its own for data that came back older',
    what: 'a rolled-back Redis is taken for good: acknowledged writes are lost, revisions are given twice',
    shows: /LOST acknowledged|commit \d+/,
    changes: [
      { file: MEMORY, find: 'owner: isWhole ? sync.owner : null,', replace: 'owner: run,' },
      { file: MEMORY, find: 'sync.epoch === epoch && sync.owner === run ?', replace: 'sync.epoch === epoch ?' },
      { file: 'src/store/memory/commit.ts', find: ' || sync.owner !== run', replace: '' },
    ],
    options: LOSSES,
  },
  {
    name: 'a hand edit is compared with the file that was written last',
    what: 'the author read version 4, the hub wrote 5: what is new in 5 looks deleted by hand',
    shows: /LOST acknowledged/,
    changes: [
      {
        file: 'src/core/file-in.ts',
        find: 'return editsBetween(base.document, document, true)',
        replace: 'return editsBetween(last.document, document, true)',
      },
    ],
  },
  {
    name: 'no last-writer rule at replay',
    what: 'an old value that waited comes over a newer one',
    shows: /STALE WINS/,
    changes: [
      {
        file: 'src/domain/resolve.ts',
        find: "if (this.options.against !== 'order' && this.isOutrun(edit)) {",
        replace: "if (Number(this.options.against) > 0 && this.isOutrun(edit)) {",
      },
    ],
  },
  {
    name: 'after a loss the revision goes on from what the root knows',
    what: 'a root that lags behind begins the epoch: numbers are given twice, watchers go back',
    shows: /commit \d+/,
    changes: [
      {
        file: 'src/core/exchange.ts',
        find: 'Math.max(highest, revisionFloorAt(copy.now()))',
        replace: 'Math.max(highest, 0 * revisionFloorAt(copy.now()))',
      },
    ],
    options: LOSSES,
  },
  {
    name: 'rename without a look',
    what: 'a hand edit is overwritten',
    shows: /LOST hand edit|LOST acknowledged/,
    changes: [
      {
        file: 'src/store/file/document.ts',
        find: 'await this.files.renameOver(temporary, real, expected)',
        replace: 'await this.files.rename(temporary, real)',
      },
    ],
    options: ['edits=0.03'],
  },
  {
    name: 'a restore overwrites',
    what: "another host's newer data is lost, deleted agents are back",
    shows: /LOST|RESURRECTED|STALE/,
    changes: [
      {
        file: 'src/domain/merge.ts',
        find: 'const isKnown = contains(sides.remoteContains, stamp) || hasStamp',
        replace: 'const isKnown = hasStamp',
      },
      {
        file: 'src/domain/merge.ts',
        find: 'if (!contains(sides.localContains, other) && isLater) {',
        replace: 'if (isNewer(other, { ...other, t: Infinity })) {',
      },
    ],
  },
  {
    name: 'no dedupe by id',
    what: 'the reply is lost: applied twice',
    shows: /TWICE/,
    changes: [{ file: 'src/domain/judge.ts', find: 'if (seen !== undefined) {', replace: 'if (seen !== undefined && seen.rev < 0) {' }],
  },
  {
    name: 'no look at the inode after an append',
    what: 'an acknowledged line goes into a segment that was folded already',
    shows: /LOST/,
    changes: [
      {
        file: 'src/store/file/journal.ts',
        find: 'if (end === null) continue',
        replace: 'if (end === null) return',
      },
    ],
    options: ['writes=0.04', 'fault.cut=0.2', 'fault.pause=0.4', 'faultRate=0.03'],
  },
  {
    name: '`redis` acknowledged without a line in the journal',
    what: 'Redis is emptied: what nobody had pulled is gone',
    shows: /LOST acknowledged \(redis\)/,
    changes: [
      {
        file: WRITER,
        find: 'await this.ports.root.append({ op: decided(operation), ...(await placeOf(final, { epoch: facts.epoch!, rev: facts.rev }, this.ports.connector)) })',
        replace: '',
      },
    ],
    options: LOSSES,
  },
  {
    name: 'a missing hash is a deletion',
    what: 'an eviction deletes records everywhere',
    shows: /LOST/,
    changes: [
      blindToEviction,
      { file: FOREIGN, find: 'leaf.value === null ? leavesWithin(known, leaf.path) : [leaf]', replace: '[leaf]' },
      { file: FOREIGN, find: 'leaf.value === null ? broughtBack(known, each) : each', replace: 'each' },
    ],
    options: EVICTIONS,
  },
  {
    name: 'the wall clock is the timestamp',
    what: 'a later write of the same host loses',
    shows: /STALE WINS/,
    changes: [
      {
        file: WRITER,
        find: 't: ids.t ?? Math.max(this.ports.clock.now() + facts.skewMs, facts.lastT + 1)',
        replace: 't: this.ports.clock.now()',
      },
    ],
    options: CLOCKS,
  },
  {
    name: 'no roster',
    what: 'a writer makes an evicted record anew, from nothing',
    shows: /TWICE|LOST/,
    changes: [blindToEviction],
    options: EVICTIONS,
  },
  {
    name: 'what is restored is as new as the restore',
    what: 'it beats a newer deletion',
    shows: /RESURRECTED|STALE WINS|LOST/,
    changes: [
      { file: JOIN, find: 't: newestOf(offered, entry),', replace: 't: ports.clock.now(),' },
      {
        file: 'src/domain/merge.ts',
        find: "if (path !== '' || text === null) offer.leaves.push({ path, value: text, stamp })",
        replace: "if (path !== '' || text === null) offer.leaves.push({ path, value: text })",
      },
    ],
    options: LOSSES,
  },
  {
    name: 'straight to Redis although own writes wait',
    what: 'the earlier ones are overtaken',
    shows: /STALE WINS|LOST/,
    changes: [{ file: WRITER, find: ' || facts.pending > 0) return', replace: ') return' }],
    options: CLOCKS,
  },
  {
    name: 'ids are not given back at a join',
    what: 'a repetition after a loss is applied again',
    shows: /TWICE/,
    changes: [
      { file: JOIN, find: 'lineageOf(replica), seenIds(replica))', replace: 'lineageOf(replica), [])' },
      { file: JOIN, find: 'const gives = idsWith(offered, target, replica)', replace: 'const gives: SeenId[] = []' },
    ],
    options: RETRIES,
  },
  {
    name: 'a duplicate is taken for contained here',
    what: 'Redis has it, so it is not written down here, and no hub has pulled it yet; Redis is emptied',
    shows: /LOST acknowledged \(redis\)/,
    changes: [
      {
        file: WRITER,
        find: 'await this.ports.root.append({ op: decided(',
        replace: "if (final.is === 'committed') await this.ports.root.append({ op: decided(",
      },
    ],
    options: UNHEARD,
  },
  {
    name: 'what a program past us has taken away before a join is taken for deleted',
    what: 'it replaced a context, and knew nothing of what acknowledged writes had put there',
    shows: /LOST acknowledged .* unique/,
    changes: [
      // Where the stream tells the change still, it comes back from there.
      { file: 'src/domain/merge.ts', find: 'if (isKnown && !isGoneThere(local, remote, path, stamp)) return', replace: 'if (isKnown) return' },
      { file: 'src/core/join.ts', find: 'bringBack(entries, [', replace: 'bringBack(new Map(), [' },
    ],
    options: OVERWRITTEN,
  },
  {
    name: 'a hash that a legacy program made after a loss hides what the root knows of its fields',
    what: 'one that replaces a context before a root has joined takes away all that was acknowledged there',
    shows: /LOST acknowledged .* unique/,
    changes: [
      { file: 'src/domain/found-record.ts', find: 'if (standing === undefined || replaced.has(path)) leaves.push(leaf)', replace: 'if (!found.tree.has(fieldOf(path))) leaves.push(leaf)' },
      { file: 'src/domain/found-record.ts', find: 'else if (standing === value ||', replace: 'else if (standing === undefined) continue\n    else if (standing === value ||' },
    ],
    options: OVERWRITTEN,
  },
  {
    name: 'additions that Redis has lost are added again, whatever was written since',
    what: 'a number that was deleted comes back, and replaces what was put in its place',
    shows: /SUM of .* is \d/,
    changes: [
      { file: 'src/domain/merge-counts.ts', find: 'isSettledHere(path) || isSumGoneThere', replace: 'isSumGoneThere' },
      { file: 'src/domain/merge-counts.ts', find: 'isOurs || !isReplaced(local, path) ? ahead : []', replace: 'ahead' },
    ],
    options: LOSSES,
  },
  {
    name: 'what is added to a sum that a program has taken away begins at nothing',
    what: 'what was added before is lost',
    shows: /TWICE or lost/,
    changes: [{ file: 'src/core/submit.ts', find: 'if (!takesGaps && lacksSum(operation, stored, told))', replace: 'if (!takesGaps && lacksSum({ ...operation, edits: [] }, stored, told))' }],
    options: OVERWRITTEN,
  },
  {
    name: 'a program that lives on follows the journal although another keeper has saved the state',
    what: 'it saves a state without what was folded or joined meanwhile',
    shows: /LOST acknowledged/,
    changes: [
      {
        file: 'src/core/journal-keeping.ts',
        find: 'return this.tail !== null && !(await',
        replace: 'return this.tail === null && !(await',
      },
    ],
    options: TURNS,
  },
  {
    name: 'a program that lives on does not look at what other keepers have written to the file',
    what: 'the log of its versions is wrong, and so is what a hand edit is compared with',
    shows: /LOST/,
    changes: [{ file: 'src/core/keeper.ts', find: 'takeTurn(): void {\n    this.begun = null', replace: 'takeTurn(): void {' }],
    options: TURNS,
  },
]
