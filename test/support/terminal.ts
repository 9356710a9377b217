/** A program on a terminal, with somebody who answers its question. A signal that ended it is told as shells do: 128 + n. */
import type { Home } from './installed.js'
import type { Ran } from './program.js'

/** argv: question, answer, program and its arguments. What the terminal shows goes to stdout. */
const TERMINAL = `
import os, pty, sys
question, answer = sys.argv[1].encode(), sys.argv[2].encode()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[3], sys.argv[3:])
shown, answered = b"", False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if question in shown and not answered:
        os.write(terminal, answer + b"\\r")
        answered = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
`

export const onTerminal = (home: Home, question: string, answer: string, program: readonly string[]): Promise<Ran> =>
  home.spawn('python3', ['-c', TERMINAL, question, answer, ...program])
