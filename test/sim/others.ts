/** Those who know nothing of memory_sync: people who rewrite context.json, programs that HSET a field. */
import { formatLine, parseTreeMap, type TreeMap } from '../../src/domain/json.js'
import { setLeaf } from '../../src/domain/tree.js'
import { note } from './trace.js'
import { AGENTS, type Workload } from './workload.js'
import type { Host, World } from './world.js'

export interface HandEdit {
  agent: string
  field: string
  value: string
}

export interface LegacyField {
  agent: string
  field: string
  value: string
  /** `lost`: Redis lost its data before any root had written the field down. */
  state: 'fresh' | 'kept' | 'lost'
}

export class Others {
  readonly edits: HandEdit[] = []
  /** Agents that were taken out by hand. */
  readonly deletes: string[] = []
  readonly legacy: LegacyField[] = []
  private readonly written = new Set<string>()

  constructor(
    private readonly world: World,
    private readonly workload: Workload,
  ) {
    world.beforeLoss = () => {
      this.settleLegacy()
    }
  }

  /** Somebody reads the file, thinks, and puts another one in its place. */
  startEditor(): void {
    const { world } = this
    const host = world.chance.pick(world.hosts)
    const path = world.contextPath(host)
    const seen = host.disk.get(path)
    if (seen === undefined) return
    const document = parseTreeMap(seen.text)
    world.spawn('editor', async (process) => {
      for (let i = 0; i < 12; i++) await process.gate()
      const present = host.disk.get(path)
      if (present !== undefined && present !== seen && this.written.has(present.text)) return // two people at once are on their own
      this.edit(document)
      const text = `${formatLine(document)}\n`
      this.written.add(text)
      note(world.now, 'edit', host.i, this.edits.at(-1), 'made from', document.get('rev'), 'deleted', this.deletes)
      host.disk.create(path, text)
    })
  }

  legacySet(): void {
    if (this.world.state !== 'up' || this.world.options.redis === 'off') return
    const n = this.workload.next()
    this.world.server.legacySet('claude', `h${n}`, `legacy${n}`)
    this.legacy.push({ agent: 'claude', field: `h${n}`, value: `legacy${n}`, state: 'fresh' })
  }

  /** A program that replaces a whole context, and has seen nothing of what others put there. */
  overwriteContext(): void {
    const { world } = this
    if (world.state !== 'up' || world.options.redis === 'off') return
    const n = this.workload.next()
    const agent = world.chance.pick(this.targets())
    this.settleLegacy(agent) // what it overwrites of another such program is not ours to undo
    note(world.now, 'legacy context', agent, n)
    world.server.legacySet(agent, 'context', `{"h${n}":"legacy${n}"}`)
    this.legacy.push({ agent, field: `context.h${n}`, value: `legacy${n}`, state: 'fresh' })
  }

  /** Also records with sums and lists. */
  private targets(): readonly string[] {
    const counted = this.workload.acks.flatMap(({ attempt: { agent, kind } }) => (kind === 'count' ? [agent] : []))
    return [...AGENTS, ...new Set(counted)]
  }

  private edit(document: TreeMap): void {
    const n = this.workload.next()
    const edit = { agent: this.world.chance.pick(AGENTS), field: `e${n}`, value: `edit${n}` }
    setLeaf(document, `/agents/${edit.agent}/${edit.field}`, JSON.stringify(edit.value))
    this.edits.push(edit)
    this.deleteOne(document)
  }

  private deleteOne(document: TreeMap): void {
    const agents = document.get('agents')
    if (typeof agents !== 'object') return
    const candidates = [...agents.keys()].filter((name) => name.startsWith('tmp') && !this.deletes.includes(name))
    if (candidates.length === 0 || !this.world.chance.chance(0.6)) return
    const agent = this.world.chance.pick(candidates)
    agents.delete(agent)
    this.deletes.push(agent)
  }

  /** What a root has written down is kept whatever happens to Redis; what none has goes with it. */
  settleLegacy(agent?: string): void {
    for (const field of this.legacy) {
      if (agent !== undefined && field.agent !== agent) continue
      if (field.state === 'fresh') field.state = this.world.hosts.some((host) => isKept(host, field)) ? 'kept' : 'lost'
    }
  }
}

/** Lines of the journal, and the state that they are folded into. */
const isKept = (host: Host, { value }: LegacyField): boolean =>
  [...host.disk.names].some(([path, inode]) => /\/(journal(\.\d+)?|state\.json)$/.test(path) && inode.text.includes(`${value}\\"`))
