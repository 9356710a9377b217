/** The client of the run protocol. Light: a process that was only started for this call loads nothing else. */
import { openSocket } from '../platform/brief-socket.js'
import { startPatience } from '../platform/patience.js'
import { encodeRun, ReplyReader, type RunReply, type RunRequest } from './run-wire.js'

export interface RunOptions {
  version: string
  /** A hub that shows no sign of life for so long is passed by. */
  budgetMs: number
  /** A hub that lives may take so long. */
  answerMs: number
}

/**
 * `absent`: nobody takes it. `declined`: who is there leaves it to others, and nothing has happened. `silent`: it was sent, and there
 * was no whole answer; what has become of a write is not known, and only the same id, sent elsewhere, makes sure of it.
 */
export type RunOutcome = RunReply | 'absent' | 'declined' | 'silent'

/** Never rejects. */
export function runByHub(socketPath: string, request: RunRequest, { version, budgetMs, answerMs }: RunOptions): Promise<RunOutcome> {
  return new Promise((resolve) => {
    const reader = new ReplyReader()
    const startedAt = process.uptime() // not performance.now(), which would load a module
    let isSent = false
    let isSettled = false
    let endWait = (): void => undefined
    const settle = (outcome: RunOutcome): void => {
      isSettled = true
      endWait()
      socket.close()
      resolve(outcome)
    }
    const gone = (): void => {
      settle(isSent ? 'silent' : 'absent')
    }
    const wait = (): void => {
      endWait()
      if (!isSettled) endWait = startPatience(budgetMs, gone)
    }
    const socket = openSocket({ socket: socketPath }, {
      connected() {
        isSent = true
        socket.write(encodeRun(request, version))
      },
      data(chunk) {
        const reply = reader.push(chunk)
        if (reply !== undefined) settle(reply ?? 'declined')
        else if ((process.uptime() - startedAt) * 1_000 > answerMs) gone()
        else wait()
      },
      gone,
    })
    setImmediate(wait) // not before the request is on its way: the first timer of a process takes its time
  })
}
