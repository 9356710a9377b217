import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemProcesses } from '../../src/platform/processes.js'
import { afterwards } from '../support/cleanup.js'
import { eventually } from '../support/eventually.js'
import { Cli, errorOf } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
})

interface Following {
  lines: () => Record<string, unknown>[]
  err: () => string
  pid: number
  kill: (signal: NodeJS.Signals) => void
  ended: Promise<number | null>
}

/** A watch that has said that it is ready. */
async function follow(...args: string[]): Promise<Following> {
  const child = cli.start(['watch', ...args])
  afterwards(() => void child.kill('SIGKILL'))
  let out = ''
  let err = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  await eventually(() => /^watching from rev \d+$/m.test(err), { what: 'the word that it is ready', timeoutMs: 15_000 })
  return {
    lines: () =>
      out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    err: () => err,
    pid: child.pid!,
    kill: (signal) => void child.kill(signal),
    ended,
  }
}

/** The process whose pid a command is going to write into this file is ended with the test, wherever that fails. */
function endWithTest(pidFile: string): void {
  afterwards(async () => {
    const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
    if (systemProcesses.find(pid) !== undefined) process.kill(pid, 'SIGKILL')
  })
}

/** By SIGSTOP and the like (proc(5)). */
function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}

describe('watch', () => {
  it('tells every change once, in order, and ends after --count', async () => {
    await cli.ok('update', 'before', 'active')
    const watch = await follow('--count', '3')
    await cli.ok('update', 'mary', 'active', '--by', 'gg')
    await cli.ok('set', 'mary', 'a=1.10')
    await cli.ok('set', 'current_work', 'x=1')
    expect(await watch.ended).toBe(0)
    expect(watch.lines()).toMatchObject([
      {
        agent: 'mary',
        event: 'agent_update',
        data: { status: 'active' },
        by: 'gg',
        timestamp: expect.stringMatching(/\+07:00$/),
      },
      { agent: 'mary', event: 'context_update', data: { context: { a: 1.1 } } },
      { agent: null, event: 'context_update', data: { current_work: { x: 1 } } },
    ])
    const revs = watch.lines().map(({ rev }) => rev as number)
    expect(revs).toEqual([revs[0], revs[0]! + 1, revs[0]! + 2])
  })

  it('goes on from a cursor', async () => {
    const first = JSON.parse(await cli.ok('update', 'mary', 'active', '--json')) as { rev: number }
    await cli.ok('update', 'mary', 'idle')
    const since = async (cursor: string): Promise<unknown> =>
      JSON.parse(await cli.ok('watch', '--since', cursor, '--event', 'agent_update', '--count', '1'))
    const next = await since(String(first.rev))
    expect(next).toMatchObject({ data: { status: 'idle' } })
    await cli.ok('update', 'mary', 'away')
    expect(await since((next as { cursor: string }).cursor)).toMatchObject({ data: { status: 'away' } })
  })

  it('tells only what was asked for', async () => {
    const watch = await follow('--agent', 'mary', '--event', 'agent_update', '--count', '1')
    await cli.ok('update', 'rnd', 'active')
    await cli.ok('set', 'mary', 'a=1', '--by', 'first')
    await cli.ok('update', 'mary', 'idle')
    expect(await watch.ended).toBe(0)
    expect(watch.lines()).toMatchObject([{ agent: 'mary', data: { status: 'idle' } }])
  })

  it('exits 11 when the time is up, with the error as the last line with --json', async () => {
    expect(await cli.run('watch', '--timeout', '0.3', '--count', '1')).toMatchObject({
      code: 11,
      out: '',
      err: expect.stringContaining('time is up'),
    })
    const ran = await cli.run('watch', '--timeout', '0.3', '--json')
    expect(ran).toMatchObject({ code: 11, err: '' })
    expect(errorOf(ran).code).toBe('timeout')
  })

  it('says how many lines were printed when the time is up: a gap and its snapshot, too, where an event was named', async () => {
    const ran = await cli.run('watch', '--since', '999999', '--event', 'lock', '--timeout', '0.4')
    expect(ran.out.trimEnd().split('\n')).toHaveLength(2)
    expect(ran).toMatchObject({ code: 11, err: expect.stringContaining(': 2 lines came') as string })
    const counted = await cli.run('watch', '--since', '999999', '--event', 'lock', '--timeout', '0.4', '--count', '1')
    expect(counted.err).toContain(': 0 of 1 line came')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGUSR1', 128 + constants.signals.SIGUSR1],
    ['SIGTERM', 143],
  ] as const)('ends on %s with 128 + n', async (signal, code) => {
    const watch = await follow()
    watch.kill(signal)
    expect(await watch.ended).toBe(code)
    expect(watch.err()).toMatch(/^watching from rev \d+\n$/)
  })

  it('ends quietly when the reader goes away', async () => {
    await cli.ok('update', 'mary', 'active')
    let ended = false
    const watching = cli
      .shell('set -o pipefail; node "$MS" watch --since 0 --timeout 30 | head -n1')
      .finally(() => (ended = true))
    // That nobody reads any more shows when the next lines come.
    await eventually(async () => (await cli.ok('update', 'mary', 'again'), ended), {
      what: 'the end of the watch',
      timeoutMs: 20_000,
    })
    const { code, out, err } = await watching
    expect({ code, lines: out.trim().split('\n').length }).toEqual({ code: 0, lines: 1 })
    expect(err).toMatch(/^(watching from rev \d+\n)?$/)
  })

  it('runs a command with each line, which is data and never a part of it', async () => {
    const seen = `${cli.root}/seen`
    const watch = await follow(
      '--count',
      '2',
      '--exec',
      `cat >> '${seen}'; printf '%s\\n' "$MEMORY_SYNC_EVENT" >> '${seen}'; exit 3`,
    )
    await cli.ok('update', 'mary', `$(touch ${cli.root}/pwned) '; touch ${cli.root}/pwned "`)
    await cli.ok('update', 'mary', 'idle')
    expect(await watch.ended).toBe(0)
    const lines = (await readFile(seen, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { data: { status: string } })
    expect(lines).toHaveLength(4)
    expect(lines[0]).toEqual(lines[1])
    expect(lines[0]!.data.status).toContain('$(touch')
    await expect(readFile(`${cli.root}/pwned`)).rejects.toThrow('ENOENT')
    expect(watch.err()).toContain('ended with exit code 3')
    expect(watch.lines()).toEqual([])
  })

  /** A watch with a command that runs, and the pid of what that has started. */
  async function followWithCommand(): Promise<{ watch: Following; pid: number }> {
    const pids = `${cli.root}/pids`
    endWithTest(pids)
    const watch = await follow('--exec', `sleep 1000 > '${pids}.out' 2>&1 & echo $! > '${pids}.new'; mv '${pids}.new' '${pids}'; wait`)
    await cli.ok('update', 'mary', 'active')
    const pid = Number(await eventually(() => readFile(pids, 'utf8'), { what: 'the command' }))
    return { watch, pid }
  }

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const)('a command that runs at %s is ended first, with what it has started', async (signal, code) => {
    const { watch, pid } = await followWithCommand()
    watch.kill(signal)
    expect(await watch.ended).toBe(code)
    expect(systemProcesses.find(pid)).toBeUndefined()
  })

  it('a command that runs is ended when its watch is killed, and what one that had ended left running stays', async () => {
    const left = `${cli.root}/left`
    const pids = `${cli.root}/pids`
    endWithTest(left)
    endWithTest(pids)
    const command = `test -e '${left}' || { sleep 1000 > '${left}.out' 2>&1 & echo $! > '${left}'; exit; }
      sleep 1000 > '${pids}.out' 2>&1 & echo $! > '${pids}.new'; mv '${pids}.new' '${pids}'; wait`
    const watch = await follow('--exec', command)
    await cli.ok('update', 'mary', 'active')
    await cli.ok('update', 'mary', 'idle')
    const pid = Number(await eventually(() => readFile(pids, 'utf8'), { what: 'the command' }))
    const other = Number(await readFile(left, 'utf8'))
    watch.kill('SIGKILL')
    await watch.ended
    await eventually(() => systemProcesses.find(pid) === undefined, { what: 'the end of the command', timeoutMs: 20_000 })
    expect(systemProcesses.find(other)).toBeDefined()
  })

  it.skipIf(process.platform !== 'linux')('Ctrl-Z stops the command with its watch, and both go on together', async () => {
    const { watch, pid } = await followWithCommand()
    watch.kill('SIGTSTP')
    await eventually(() => isStopped(pid) && isStopped(watch.pid), { what: 'that both are stopped' })
    watch.kill('SIGCONT')
    await eventually(() => !isStopped(pid) && !isStopped(watch.pid), { what: 'that both go on' })
    watch.kill('SIGTERM')
    expect(await watch.ended).toBe(143)
  })

  it.skipIf(process.platform !== 'linux')('a command that runs at the end is ended with what it has started in a session of its own', async () => {
    const pids = `${cli.root}/pids`
    endWithTest(pids)
    const far = `echo $$ > "$0.new"; mv "$0.new" "$0"; exec sleep 1000`
    const watch = await follow('--exec', `setsid sh -c '${far}' '${pids}' > '${pids}.out' 2>&1 & wait`)
    await cli.ok('update', 'mary', 'active')
    const pid = Number(await eventually(() => readFile(pids, 'utf8'), { what: 'the command' }))
    watch.kill('SIGTERM')
    expect(await watch.ended).toBe(143)
    expect(systemProcesses.find(pid)).toBeUndefined()
  })

  it.each([
    ['--count', 'x'],
    ['--timeout', 'soon'],
    ['--since', 'yesterday'],
  ])('refuses %s %s with exit 2', async (flag, value) => {
    expect(await cli.run('watch', flag, value)).toMatchObject({ code: 2, out: '' })
  })
})
