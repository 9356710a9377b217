import { lstat, mkdir, readdir, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Cli, errorOf } from './cli.js'

let cli: Cli
beforeEach(async () => {
  cli = await Cli.make()
})

describe('what is refused', () => {
  it.each<[string, string[], RegExp]>([
    ['a bad name', ['set', 'bad name', 'a=1'], /no name for an agent/],
    ['a reserved name', ['set', '__proto__', 'a=1'], /no name for an agent/],
    ['a path as a name', ['update', '../x', 'active'], /no name for an agent/],
    ['a name of 65 characters', ['update', 'x'.repeat(65), 'active'], /no name for an agent/],
    ['a member of the context as an agent', ['update', 'current_work', 'active'], /memory_sync set current_work/],
    ['bad JSON', ['set', 'mary', '--patch', '{"a":'], /--patch is not valid JSON/],
    ['a patch that is no object', ['set', 'mary', '--patch', '[1]'], /has to be a JSON object/],
    ['no KEY=VALUE', ['set', 'mary', 'abc'], /no KEY=VALUE/],
    ['a key twice, of which jq thinks nothing', ['set', 'mary', '--patch', '{"a":1,"a":2}'], /"a" stands twice in one object\n(?!.*jq)/],
    ['a number that cannot be added exactly', ['set', 'mary', 'n+=1e400'], /too many digits/],
    ['a duration that cannot be added exactly', ['record', 'mary', 'T', 'ok', '--duration-ms', '1e400'], /duration 1e400 has too many digits/],
    ['a duration below zero', ['record', 'mary', 'T', 'ok', '--duration-ms', '-5'], /duration -5 is below zero/],
    ['a score that no program can read', ['record', 'mary', 'T', 'ok', '--score', '1e400'], /score 1e400 has too many digits/],
    ['a former score that no program can read', ['record', 'mary', 'T', 'ok', '--score-before', '1e309'], /score before 1e309 has too many digits/],
    ['an empty result', ['record', 'mary', 'T', 'ok', ''], /RESULT is empty\n.*leave it out/],
    ['a blank result', ['record', 'mary', 'T', 'ok', ' \n'], /RESULT is empty/],
    ['nothing on stdin for a result', ['record', 'mary', 'T', 'ok', '-'], /RESULT is empty/],
    ['an empty file for a result', ['record', 'mary', 'T', 'ok', '@/dev/null'], /RESULT is empty/],
    ['nothing on stdin to import', ['task', 'import', '-'], /standard input is empty/],
    ['an empty file to import', ['task', 'import', '/dev/null'], /\/dev\/null is empty/],
    ['no file to import', ['task', 'import', ''], /FILE is empty/],
    ['no file to export to', ['task', 'export', ''], /FILE is empty/],
    ['an event that the history has not', ['log', '--event', 'xyz'], /no event "xyz"\n.*agent_update, .*conflict/],
    ['an item that has to wait for itself', ['task', 'add', 'X7', '--depends-on', 'X6', '--depends-on', 'X7'], /X7 cannot depend on itself/],
    ['an item that has to wait for itself, by KEY=VALUE', ['task', 'add', 'X7', 'depends_on=["X7"]'], /X7 cannot depend on itself/],
    ['another id of an item', ['task', 'add', 'X7', 'id=XX'], /"id" is set by memory_sync itself.*\n.*the first argument is the id/],
    ['a revision of an item', ['task', 'add', 'X7', 'rev=3'], /"rev" is set by memory_sync itself.*\n.*leave it out/],
    ['an owner of a new item', ['task', 'add', 'X7', 'owner=mary'], /"owner" is set by memory_sync itself.*\n.*task claim takes/],
    ['an empty commit', ['task', 'complete', 'X7', '--commit', ''], /--commit is empty/],
    ['an empty token of a claim', ['task', 'heartbeat', 'X7', '--token', ''], /--token is empty/],
    ['an empty owner to look for', ['task', 'list', '--owner', ''], /--owner is empty/],
    ['an empty title', ['task', 'add', 'X7', '--title', ''], /--title is empty/],
    ['an empty command for every line', ['watch', '--exec', ' '], /--exec is empty/],
    ['an empty event to watch for', ['watch', '--event', ''], /--event is empty/],
    ['an empty agent to watch', ['watch', '--agent', ''], /--agent is empty/],
    ['an empty event to look for', ['log', '--event', ''], /--event is empty/],
    ['an empty agent to look for', ['log', '--agent', ''], /--agent is empty/],
    ['nobody to read of', ['get', '--agent='], /--agent is empty/],
    ['a key of an item with an empty part', ['task', 'add', 'X7', '--title', 'T', 'a..b=1'], /a part of the key is empty\n(?!.*--patch)/],
    ['nobody who claims', ['task', 'claim', 'X7', '--agent', ''], /--agent is empty/],
    ['nobody who validates', ['task', 'validate', 'X7', '--agent='], /--agent is empty/],
    ['nobody who adds an item', ['task', 'add', 'X7', '--by', ''], /--by is empty/],
    ['nobody who takes a lease', ['lock', 'acquire', 'l', '--agent', ''], /--agent is empty/],
    ['nobody who would take a lease away', ['lock', 'force-release', 'l', '--agent', ''], /--agent is empty/],
    ['nobody who takes a lease away', ['lock', 'force-release', 'l', '--yes', '--agent', ''], /--agent is empty/],
    ['nobody who runs a command', ['lock', 'run', 'l', '--agent', '', '--', 'true'], /--agent is empty/],
    ['nobody who says that an agent is there', ['heartbeat', 'mary', '--by', ''], /--by is empty/],
    ['nobody who writes', ['set', 'mary', 'a=1', '--by', ''], /--by is empty/],
    ['nobody who removes', ['remove', 'mary', '--by', ''], /--by is empty/],
    ['a process that is none, in a heartbeat', ['heartbeat', 'mary', '--pid', '0'], /no process 0/],
    ['a process that is none, for a claim', ['task', 'claim', 'X7', '--agent', 'mary', '--while-pid', '0'], /no process 0/],
    ['an empty root, of a hot verb', ['set', 'mary', 'x=1', '--root', ''], /--root is empty/],
    ['an empty root, of another command', ['status', '--root='], /--root is empty/],
    ['an empty Redis', ['get', '--redis-url', ''], /--redis-url is empty/],
    ['an author of 1,001 bytes', ['set', 'mary', 'x=1', '--by', 'é'.repeat(500) + 'x'], /--by[^]* more than 1000 bytes/],
    ['such an author with a command of oclif', ['remove', 'mary', '--by', 'x'.repeat(70_000)], /--by[^]* more than 1000 bytes/],
    ['such a holder of a lease', ['lock', 'acquire', 'l', '--agent', 'x'.repeat(70_000)], /--agent[^]* more than 1000 bytes/],
    ['nothing to set', ['set', 'mary'], /nothing to set/],
    ['an empty status', ['set', 'mary', '--status', ''], /the status is empty/],
    ['an empty status beside others', ['set', 'mary', 'a=1', '--status='], /the status is empty/],
    ['an empty id', ['record', 'mary', '', 'ok'], /ID is empty/],
    ['an empty outcome', ['record', 'mary', 'T', ''], /OUTCOME is empty/],
    ['the status of a patch that is not there', ['set', 'mary', 'a=1', '--with-status'], /--with-status goes with --patch/],
    ['two statuses', ['set', 'mary', '--patch', '{"status":"a"}', '--with-status', '--status', 'b'], /and not with --status/],
    ['no target', ['set'], /Missing 1 required arg: TARGET\n {2}- TARGET: An agent/],
    ['no arguments', ['record'], /Missing 3 required args: AGENT, ID, OUTCOME\n {2}- AGENT: mary, .*\n {2}- ID: .*\n {2}- OUTCOME: How it ended\.\n {2}- add --help/],
    ['one of three arguments', ['record', 'mary', 'T'], /Missing 1 required arg: OUTCOME\n/],
    ['no word where one of a few may follow', ['selftest'], /SCENARIO: .* One of race, crash, switch\.\n/],
    ['to kill a Redis where there is none', ['selftest', 'switch', '--redis', 'off'], /leave --redis-url and --redis off out/],
    ['an unknown flag', ['set', 'mary', 'a=1', '--hekp'], /Nonexistent flag: --hekp/],
    ['a flag without its value', ['set', 'mary', 'a=1', '--by'], /--by expects a value/],
    ['a switch with a value, which is no agent', ['update', '--json=true', 'mary', 'busy'], /--json takes no value\n/],
    ['the same of a result', ['record', 'mary', 'T', '--json=1', 'completed'], /--json takes no value\n/],
    ['a switch of one command with a value', ['set', '--with-status=true', '--patch', '{"status":"x"}'], /--with-status takes no value\n/],
    ['an empty value of a switch', ['set', 'mary', 'a=1', '--json='], /--json takes no value\n/],
    ['a switch with a value behind a flag that has one', ['set', 'mary', 'a=1', '--by', 'x', '--json=a\nb'], /--json takes no value\n/],
    ['a switch with a value, which is nobody to be removed', ['remove', '--json=mary'], /--json takes no value\n/],
    ['a switch with a value, which is no lease', ['lock', 'acquire', '--json=yes'], /--json takes no value\n/],
    ['an unknown command', ['frobnicate'], /no command "frobnicate"\n.*memory_sync --help lists the commands/],
    ['the help of an unknown command', ['frobnicate', '--help'], /no command "frobnicate"\n/],
    ['nothing where one of several may follow', ['task', 'add'], /Missing 1 required arg: ID\n {2}- ID: Its name\.\n {2}- add --help/],
    ['a Redis and none', ['selftest', 'race', '--redis', 'off', '--redis-url', 'redis://127.0.0.1:1'], /contradict each other/],
    ['an unknown command below another', ['hub', 'frobnicate'], /no command "hub frobnicate"/],
    ['a revision that is no number', ['set', 'mary', 'a=1', '--if-rev', 'x'], /--if-rev expects a whole number/],
    ['lines to count that are no number', ['watch', '--count', 'x'], /--count expects a whole number[^]*digits alone/],
    ['a process that is no number', ['heartbeat', 'mary', '--pid', 'x'], /--pid expects a whole number/],
    ['a time of a lease that is no number', ['lock', 'acquire', 'l', '--ttl', 'x'], /--ttl expects seconds[^]*30 or 0\.5/],
    ['a time to wait that is no number', ['lock', 'acquire', 'l', '--wait', 'x'], /--wait expects seconds/],
    ['a time of a claim that is none', ['task', 'claim', 'X7', '--ttl', '0'], /--ttl has to be more than 0/],
    ['a score that is no number', ['record', 'mary', 'T', 'ok', '--score', 'x'], /--score expects a number[^]*as JSON has it/],
    ['a duration that is no number', ['record', 'mary', 'T', 'ok', '--duration-ms', 'x'], /--duration-ms expects a number/],
    ['an empty key', ['set', 'mary', 'a=1', '--idempotency-key', ''], /--idempotency-key is empty\n.*leave it out/],
    ['an empty token of a lease', ['lock', 'renew', 'l', '--token', ''], /--token is empty/],
    ['a reason of 1,001 bytes', ['lock', 'acquire', 'l', '--reason', 'x'.repeat(1_001)], /the reason has more than 1000 bytes\n.*fewer words/],
    ['a result in a file that is not there', ['record', 'mary', 'T', 'ok', '@/none'], /RESULT cannot be read: .*\n.*name a file/],
    ['a file to import that is not there', ['task', 'import', '/none'], /FILE cannot be read: .*\n.*name a file/],
    ['nothing but a flag', ['--jsno'], /no command in front of --jsno\n.*memory_sync --help lists the commands/],
    ['a fence without a number', ['set', 'mary', 'a=1', '--fence', 'x'], /no NAME:N/],
    ['an extra argument', ['remove', 'mary', 'x'], /Unexpected argument: x/],
    ['an extra argument of a hot verb', ['record', 'mary', 'T', 'ok', '{}', 'x'], /Unexpected argument: x/],
    ['an extra argument of a command that has none', ['watch', 'x'], /Unexpected argument: x/],
    ['the same before a flag', ['log', 'x', '--since', '1'], /Unexpected argument: x/],
    ['several of them', ['health', 'x', 'y'], /Unexpected arguments: x, y/],
    ['an extra argument of a command below another', ['hub', 'status', 'x'], /Unexpected argument: x/],
    ['an extra argument of a command under its other name', ['redis-status', 'x'], /Unexpected argument: x/],
    ['an unknown command below several', ['lock', 'x'], /no command "lock x"/],
    ['an extra argument that is no field', ['task', 'add', 'T', 'title', 'x'], /no KEY=VALUE/],
    ['a status that no work item can have', ['task', 'list', '--status', 'bogus'], /no status of a work item[^]*new, validated/],
    ['a bad pointer', ['get', '/a~2'], /no JSON Pointer/],
  ])('%s: exit 2, a short message, nothing on stdout, nothing written', async (_, args, message) => {
    const { code, out, err } = await cli.run(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    expect(err.split('\n').length).toBeLessThan(8)
    expect(err, 'and what to do').toMatch(/\n {2}- /)
    expect((await cli.run('get')).code).toBe(1)
  })

  it('one is one, and standard input is called so', async () => {
    const tracking = 'prp_tracking: {X1: {title: t, status: new}}'
    expect(await cli.runWith({ input: tracking }, 'task', 'import', '-')).toMatchObject({ code: 0, out: expect.stringContaining('1 item: 1 added') })
    expect(await cli.runWith({ input: '{' }, 'task', 'import', '-')).toMatchObject({ code: 2, err: expect.stringContaining('standard input cannot be read') })
    expect(await cli.run('watch', '--timeout', '3', '--since', '0', '--agent', 'nobody', '--count', '1')).toMatchObject({ code: 11, err: expect.stringContaining('0 of 1 line came') })
  })

  it('a lost comparison says what comes of the write without one: a deletion merges nothing', async () => {
    await cli.ok('set', 'mary', 'a=1')
    expect(await cli.run('set', 'mary', 'a=2', '--if-rev', '99')).toMatchObject({ code: 20, err: expect.stringContaining('without --if-rev the write is merged') })
    expect(await cli.run('remove', 'mary', '--if-rev', '99')).toMatchObject({
      code: 20,
      err: expect.stringContaining('without --if-rev the record is deleted as it is now'),
    })
  })

  it('a value that looks like a switch with one is a value, and so is what stands behind --', async () => {
    await cli.ok('record', 'mary', 'T', 'failed', '--error', '--json=true')
    await cli.ok('record', 'mary', 'U', 'failed', '--error=--json=true')
    await cli.ok('set', 'mary', '--by', 'x', '--', '--json=true')
    const mary = await cli.ok('get', 'agents.mary', '--compact')
    expect(mary).toContain('"--json":true')
    expect(mary.match(/"error":"--json=true"/g), mary).toHaveLength(2)
  })

  it.each([
    [['updat'], 'update'],
    [['updat', 'mary', 'active'], 'update'],
    [['task', 'lst'], 'task list'],
    [['redis-syn'], 'redis-sync'],
    [['get', '--agnt', 'mary'], '--agent'],
    [['log', '--agnt=mary'], '--agent'],
    [['set', 'mary', '--jsno'], '--json'],
  ])('%j: the nearest name that there is is said', async (args, name) => {
    expect(await cli.run(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`\n  - did you mean ${name}?\n`) })
  })

  it.each([[['frobnicate']], [['get', '--frobnicate']], [['--frobnicate']], [['task', 'x']]])('%j: nothing is near, and nothing is guessed', async (args) => {
    const { code, err } = await cli.run(...args)
    expect(code).toBe(2)
    expect(err).not.toContain('did you mean')
  })

  it.each([
    [['set', 'mary', '--hekp', '--json']],
    [['frobnicate', '--json']],
    [['--json']],
    [['set', '--json']],
    [['rollback', 'x', '--json']],
    [['record', 'mary', 'T', 'ok', '', '--json']],
    [['get', '/x', '--json']],
  ])('%j: one JSON object on stdout, without internals, and an empty stderr', async (args) => {
    const ran = await cli.run(...args)
    expect(ran.err).toBe('')
    expect(Object.keys(JSON.parse(ran.out) as object)).toEqual(['error'])
    expect(Object.keys(errorOf(ran))).toEqual(['code', 'message', 'suggestions', 'details'])
    expect(ran.out.length).toBeLessThan(600)
  })

  it('a Redis that does not answer, to prove something with', async () => {
    const ran = await cli.run('selftest', 'race', '--redis-url', 'redis://127.0.0.1:1', '--writers', '2', '--updates', '2')
    expect(ran).toMatchObject({ code: 69, out: '', err: expect.stringContaining('does not answer') })
  })

  it.skipIf(process.platform !== 'linux')('a root on a file system that makes no folders', async () => {
    for (const call of [['set', 'mary', 'a=1'], ['update', 'mary', 'active'], ['watch', '--timeout', '1'], ['hub']])
      expect(await cli.run(...call, '--root', '/proc/memory_sync')).toMatchObject({ code: 69 })
  })

  it.skipIf(process.platform !== 'linux')('as JSON, where that cannot be written: on stderr, in words', async () => {
    const ran = await cli.shell('node "$MS" status --json >/dev/full')
    expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/^Error: the output cannot be written: .*ENOSPC.*\n$/) })
  })

  it('help is given for what is asked in other words, too', async () => {
    const help = await cli.ok('lock', 'run', '--help')
    for (const words of [['help', 'lock', 'run'], ['lock', 'run', '-h']]) expect(await cli.ok(...words)).toBe(help)
    expect(await cli.ok('--help')).toMatch(/task +Work items: who has which/)
    expect(await cli.ok('help')).toBe(await cli.ok('--help'))
    expect(await cli.ok('-v')).toMatch(/^memory_sync\/\d/)
  })

  it.each([['lock', 'run', 'l'], ['merge', 'run']])('%s %s: a command that cannot be started, as JSON, too', async (...words) => {
    await mkdir(cli.root, { recursive: true })
    const tree = 'git init -q . && git -c user.name=x -c user.email=x@y commit -q --allow-empty -m x'
    expect(await cli.shell(tree, { cwd: cli.root })).toMatchObject({ code: 0 })
    for (const [command, code] of [['/nonexistent', 127], ['/dev/null', 126]] as const) {
      const ran = await cli.runWith({ cwd: cli.root }, ...words, '--json', '--', command)
      expect(ran).toMatchObject({ code, err: '' })
      expect(errorOf(ran)).toMatchObject({
        ...{ code: 'failed', message: expect.stringContaining(`"${command}" cannot be run`) },
        suggestions: [expect.stringContaining('on the PATH')],
      })
    }
  })

  it('a password file that is missing, and a hub to end where none runs: what to do is said', async () => {
    expect(await cli.run('get', '--redis-password-file', '/none')).toMatchObject({ code: 4, err: expect.stringMatching(/\/none cannot be read: .*\n {2}- name a file/) })
    expect(await cli.run('hub', 'stop')).toMatchObject({ code: 1, err: expect.stringMatching(/^Error: no hub runs for .*\n {2}- .*memory_sync where/) })
  })

  it('a file to export to that cannot be made: exit 69, and the reason', async () => {
    await cli.ok('task', 'add', 'T')
    await mkdir(`${cli.root}/folder`)
    for (const path of [`${cli.root}/folder`, `${cli.root}/none/x.yaml`]) {
      const ran = await cli.run('task', 'export', path)
      expect(ran, path).toMatchObject({ code: 69, out: '', err: expect.stringContaining(`${path} cannot be written`) })
    }
  })

  it('an item that is not there: the call that makes it is shown, unless nothing can be called so', async () => {
    expect(await cli.run('task', 'show', 'X9')).toMatchObject({ code: 1, err: expect.stringContaining('task add X9 --title TITLE makes it') })
    expect(await cli.run('task', 'show', 'x; reboot')).toMatchObject({ code: 1, err: 'Error: there is no item "x; reboot"\n  - memory_sync task list shows all\n' })
  })

  it('a pipe or a device to export to: it stays what it is, and stdout is named; "-" is stdout', async () => {
    await cli.ok('task', 'add', 'T')
    const pipe = `${cli.root}/pipe`
    await cli.shell(`mkfifo ${pipe}`)
    expect(await cli.run('task', 'export', pipe)).toMatchObject({
      code: 69,
      out: '',
      err: `Error: ${pipe} cannot be written: it is a pipe\n  - name another file, or mend what stands there or is missing on the way there\n  - without FILE it is printed to stdout\n`,
    })
    expect((await lstat(pipe)).isFIFO()).toBe(true)
    expect((await readdir(cli.root)).filter((name) => name.includes('tmp'))).toEqual([])
    expect(await cli.runWith({ cwd: cli.root }, 'task', 'export', '-')).toMatchObject({ code: 0, out: await cli.ok('task', 'export') })
  })

  it('a path that begins at a working directory which is gone; without such a path nothing is', async () => {
    await mkdir(cli.root, { recursive: true })
    const gone = 'mkdir gone && cd gone && rmdir ../gone &&'
    for (const call of ['get --root x', 'set mary a=1 --root x', 'where --root x', 'selftest race --root x', 'merge run -- true']) {
      const ran = await cli.shell(`${gone} node "$MS" ${call}`, { cwd: cli.root })
      expect(ran, call).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Error: the folder in which this was called does not exist any more\n  - call it in another one') })
    }
    for (const call of ['set mary a=1', 'get', 'agents', 'lock list --json']) {
      expect(await cli.shell(`${gone} node "$MS" ${call}`, { cwd: cli.root }), call).toMatchObject({ code: 0, err: '' })
    }
  })

  it.each(['x\n  fence: 1', 'red\u001b[31m'])('a reason of a lease that is no one line of text: %j', async (reason) => {
    expect(await cli.run('lock', 'acquire', 'l1', '--reason', reason)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('the reason has to be one line of text') })
    expect(await cli.run('lock', 'status', 'l1')).toMatchObject({ out: expect.stringContaining('never granted') })
  })

  it('bad JSON and bad UTF-8 on stdin', async () => {
    expect(await cli.runWith({ input: 'nonsense' }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 2, out: '' })
    expect(await cli.shell(`printf '{"a":"\\377"}' | node "$MS" set mary --patch -`)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/UTF-8\n {2}- give it as UTF-8/),
    })
    expect((await cli.run('get')).code).toBe(1)
  })

  it.skipIf(process.platform !== 'linux')('bytes in an argument that are no UTF-8, of simple calls and others; U+FFFD itself is text', async () => {
    for (const call of [`set mary "a=$bytes"`, `record mary T1 "$bytes"`, `task add T1 --title "$bytes"`, `lock acquire l --reason "$bytes"`]) {
      const ran = await cli.shell(`bytes=$(printf 'x\\377'); node "$MS" ${call}`)
      expect(ran, call).toMatchObject({ code: 2, out: '', err: expect.stringContaining('is not UTF-8') })
    }
    expect((await cli.run('get')).code).toBe(1)
    expect(await cli.run('set', 'mary', 'a="\uFFFD"')).toMatchObject({ code: 0, err: '' })
  })

  it.skipIf(process.platform !== 'linux')('input that does not end', async () => {
    for (const call of ['record mary T ok @/dev/zero', 'set mary --patch - </dev/zero', 'record mary T ok - </dev/zero'])
      expect(await cli.shell(`node "$MS" ${call}`), call).toMatchObject({ code: 2, err: expect.stringMatching(/longer than 16 MiB.*\n {2}- /) })
    expect(await cli.run('record', 'mary', 'T', 'ok', '@/none')).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') })
    for (const args of [['record', 'mary', 'T', 'ok', '@/dev/ptmx'], ['task', 'import', '/dev/ptmx']])
      expect(await cli.run(...args), args.join(' ')).toMatchObject({ code: 2, err: expect.stringContaining('/dev/ptmx is a device that waits') })
    expect((await cli.run('get')).code).toBe(1)
  })

  it('a pipe that nobody writes to; one to which somebody writes is read to its end, however slow he is', async () => {
    expect(await cli.shell('mkfifo "$HOME/pipe" && node "$MS" task import "$HOME/pipe"')).toMatchObject({ code: 2, err: expect.stringContaining('nothing came through the pipe') })
    const write = `node -e 'console.log("prp_tracking: {A1: {title: x, status: new}}")'`
    for (const call of [`node "$MS" task import <(${write})`, `${write} | node "$MS" task import /dev/stdin`, `${write} | node "$MS" task import -`])
      expect(await cli.shell(call), call).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^1 item: /) })
  })

  it('a pipe through which nothing came, whoever had it open', async () => {
    await cli.shell('mkfifo "$HOME/silent"')
    for (const call of ['node "$MS" record mary T ok @<(true)', 'node "$MS" record mary T ok "@$HOME/silent"']) {
      const { code, err } = await cli.shell(call)
      expect({ code, err }, call).toMatchObject({ code: 2, err: expect.stringContaining('nothing came through the pipe') })
      expect(err).not.toContain('nobody')
    }
  })

  it('a value over 1 MiB, and takes one of exactly 1 MiB', async () => {
    const most = 'x'.repeat(1024 * 1024)
    expect(await cli.runWith({ input: `{"a":"${most}x"}` }, 'set', 'mary', '--patch', '-')).toMatchObject({
      code: 2,
      err: expect.stringContaining('1 MiB'),
    })
    expect((await cli.run('get')).code).toBe(1)
    expect(await cli.runWith({ input: `{"a":"${most}"}` }, 'set', 'mary', '--patch', '-')).toMatchObject({
      code: 0,
      err: '',
    })
    const { out } = await cli.run('get', 'context.a', '--agent', 'mary', '--raw')
    expect(out).toHaveLength(most.length + 1)
  })

  it('an addition to what is no number, or cannot be added to exactly', async () => {
    await cli.ok('set', 'mary', 'text=x', 'far=1e400')
    for (const key of ['text', 'far']) {
      expect(await cli.run('set', 'mary', 'other=1', `${key}+=1`)).toMatchObject({
        code: 1,
        err: expect.stringContaining(`at /context/${key} there is no number, or one of too many digits to be added to exactly; nothing was written`),
      })
    }
    expect(await cli.ok('get', '/agents/mary/context', '--compact')).toBe('{"text":"x","far":1e400}\n')
  })

  it('what is absent: exit 1', async () => {
    expect(await cli.run('get')).toMatchObject({ code: 1, out: '' })
    await cli.ok('set', 'mary', 'a=1')
    for (const args of [
      ['get', 'agents.nobody'],
      ['get', '/x/y'],
      ['get', '--agent', 'nobody'],
      ['remove', 'nobody'],
    ]) {
      expect(await cli.run(...args)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/^Error: there is no/),
      })
    }
  })

  it.each([['quickstart'], ['selftest', 'race', '--redis', 'off']])('a TMPDIR that is no folder: exit 69, and what to set: %s', async (...args) => {
    await writeFile(`${cli.root}.file`, '')
    for (const TMPDIR of [`${cli.root}/nowhere`, `${cli.root}.file`]) {
      const ran = await cli.runWith({ env: { TMPDIR } }, ...args)
      expect(ran).toMatchObject({ code: 69, err: expect.stringContaining(`${TMPDIR} (TMPDIR): `) })
      expect(ran.err).toContain('set TMPDIR to one')
    }
  })

  it('a root that cannot be written: exit 69, and the reason', async () => {
    await mkdir(cli.root, { recursive: true })
    await writeFile(`${cli.root}/file`, '')
    const ran = await cli.run('set', 'mary', 'a=1', '--root', `${cli.root}/file/root`, '--json')
    expect(ran).toMatchObject({ code: 69, err: '' })
    expect(errorOf(ran)).toMatchObject({ code: 'unavailable' })
    expect((await cli.run('update', 'mary', 'x', '--root', `${cli.root}/file/root`)).code).toBe(69)
  })
})
