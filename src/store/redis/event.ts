/** What a change is told as on the legacy channel, and how that is known among what others publish there. */
import { eventDataOf, eventNameOf } from '../../domain/event.js'
import { formatLine, leafOf } from '../../domain/json.js'
import { agentOf, type Draft, taskOf } from '../../domain/operation.js'
import { formatTime } from '../../domain/time.js'

/** `{agent, event, timestamp, data, rev}` up to the revision: what legacy programs know, and who is ours carries `rev`. */
export function eventBefore(draft: Draft, offsetMinutes: number): string {
  const agent = agentOf(draft.target)
  const task = taskOf(draft.target)
  const members = [
    `"agent":${agent === undefined ? 'null' : leafOf(agent)}`,
    `"event":${leafOf(eventNameOf(draft))}`,
    ...(task === undefined ? [] : [`"task":${leafOf(task)}`]),
    `"timestamp":${leafOf(formatTime(draft.t, offsetMinutes))}`,
    `"data":${formatLine(eventDataOf(draft))}`,
  ]
  return `{${members.join(',')},"rev":`
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"'
const HEAD = new RegExp(`^\\{"agent":(?:null|${STRING}),"event":"[a-z_]+",(?:"task":${STRING},)?"timestamp":"[^"]*","data":`)
const TAIL = /,"rev":(\d+)\}$/
/** As long as `TAIL` is with the highest revision. */
const TAIL_LENGTH = 24

/** The revision of an event as we write it, whatever its data is: a large one is not looked through. undefined: it is somebody else's. */
export function revisionOfEvent(text: string): number | undefined {
  const rev = TAIL.exec(text.slice(-TAIL_LENGTH))?.[1]
  return rev !== undefined && HEAD.test(text) ? Number(rev) : undefined
}
