// A launchd for tests: loads LaunchAgents, starts them, starts them again when they end, and answers like launchctl, with its
// exit codes. Settings from the environment; ends with SIGTERM, and everything it started with it.
import {spawn} from 'node:child_process'
import {closeSync, existsSync, openSync, readFileSync, rmSync} from 'node:fs'
import net from 'node:net'
import {readPlist} from './plist.mjs'

const {LAUNCHD_DOUBLE_SOCKET: socketPath = '', LAUNCHD_DOUBLE_UID: uid = '501', HOME: home = '/', ...settings} = process.env
const hasScreen = settings['LAUNCHD_DOUBLE_SCREEN'] !== 'no'
/** The real one waits 10 s between two starts. */
const throttleMs = Number(settings['LAUNCHD_DOUBLE_THROTTLE_MS'] ?? 200)
/** So long a service that was booted out is still in the way. */
const drainMs = Number(settings['LAUNCHD_DOUBLE_DRAIN_MS'] ?? 400)

/**
 * @typedef {{domain: string, label: string, path: string, plist: ReturnType<typeof readPlist>, runs: number,
 *   child?: import('node:child_process').ChildProcess | undefined, exit?: number | undefined, signal?: string | undefined,
 *   timer?: NodeJS.Timeout | undefined, leaving?: boolean}} Service
 */
/** @type {Map<string, Service>} */
const services = new Map()
/** Booted out, and not gone yet. @type {Set<string>} */
const draining = new Set()
/** @type {Set<string>} */
const disabled = new Set()

const fine = {code: 0}
const failed = (/** @type {number} */ code, /** @type {string} */ err) => ({code, err: `${err}\n`})

/** @type {Record<string, (...args: string[]) => {code: number, out?: string, err?: string}>} */
const verbs = {
  enable(target = '') {
    disabled.delete(target)
    return fine
  },
  disable(target = '') {
    disabled.add(target)
    return fine
  },
  bootstrap(domain = '', path = '') {
    const refused = refusedDomain(domain)
    if (refused !== null) return failed(refused, `Bootstrap failed: ${refused}: Domain does not support specified action`)
    let plist
    try {
      plist = readPlist(readFileSync(path, 'utf8'))
    } catch {
      return failed(5, 'Bootstrap failed: 5: Input/output error')
    }
    const label = String(plist['Label'])
    const key = `${domain}/${label}`
    if (disabled.has(key)) return failed(119, 'Bootstrap failed: 119: Service is disabled')
    if (draining.has(key)) return failed(5, 'Bootstrap failed: 5: Input/output error')
    if (services.has(key)) return failed(37, 'Bootstrap failed: 37: Operation already in progress')
    const session = plist['LimitLoadToSessionType'] ?? 'Aqua'
    if (session !== (domain.startsWith('gui/') ? 'Aqua' : 'Background')) {
      return failed(134, 'Bootstrap failed: 134: Service cannot load in requested session')
    }
    /** @type {Service} */
    const service = {domain, label, path, plist, runs: 0}
    services.set(key, service)
    if (plist['RunAtLoad'] === true) start(service)
    return fine
  },
  bootout(key = '') {
    const service = services.get(key)
    if (service === undefined) return failed(3, 'Boot-out failed: 3: No such process')
    leave(key, service)
    return service.child === undefined ? fine : failed(36, 'Boot-out failed: 36: Operation now in progress')
  },
  kickstart(...args) {
    const service = services.get(args.at(-1) ?? '')
    if (service === undefined) return failed(113, `Could not find service "${args.at(-1)}" in domain`)
    if (args.includes('-k')) service.child?.kill('SIGKILL')
    else if (service.child === undefined) start(service)
    return fine
  },
  print(target = '') {
    const service = services.get(target)
    if (service !== undefined) return {code: 0, out: printed(service)}
    if (/^(gui|user)\/\d+$/.test(target)) return refusedDomain(target) === null ? {code: 0, out: `${target} = {\n}\n`} : failed(125, 'Domain does not support specified action')
    return failed(113, `Bad request.\nCould not find service "${target.split('/')[2]}" in domain for ${target}`)
  },
  list() {
    const lines = [...services.values()].map(({child, exit, label}) => `${child?.pid ?? '-'}\t${exit ?? 0}\t${label}\n`)
    return {code: 0, out: `PID\tStatus\tLabel\n${lines.join('')}`}
  },
}

function refusedDomain(/** @type {string} */ domain) {
  if (domain === `user/${uid}`) return null
  return domain === `gui/${uid}` && hasScreen ? null : 125
}

function start(/** @type {Service} */ service) {
  const {plist} = service
  const [program = '', ...args] = /** @type {string[]} */ (plist['ProgramArguments'] ?? [])
  service.runs++
  service.timer = undefined
  const files = [plist['StandardOutPath'], plist['StandardErrorPath']].map((path) => openLog(String(path)))
  // Nothing is expanded: neither `~` nor a variable is a path.
  if (files.includes(-1) || !program.startsWith('/') || !existsSync(program)) return ended(service, 78, null)
  const environment = /** @type {Record<string, string>} */ (plist['EnvironmentVariables'] ?? {})
  const child = spawn(program, args, {
    cwd: String(plist['WorkingDirectory'] ?? '/'),
    env: {PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: home, USER: 'tester', XPC_SERVICE_NAME: service.label, ...environment},
    stdio: ['ignore', ...files],
    detached: true,
  })
  for (const file of files) closeSync(file)
  service.child = child
  child.once('error', () => ended(service, 78, null))
  child.once('exit', (code, signal) => ended(service, code, signal))
}

function openLog(/** @type {string} */ path) {
  try {
    return path.startsWith('/') ? openSync(path, 'a') : -1
  } catch {
    return -1
  }
}

function ended(/** @type {Service} */ service, /** @type {number | null} */ code, /** @type {string | null} */ signal) {
  service.child = undefined
  service.exit = code ?? undefined
  service.signal = signal ?? undefined
  if (service.leaving !== true && service.plist['KeepAlive'] === true) service.timer = setTimeout(() => start(service), throttleMs)
}

function leave(/** @type {string} */ key, /** @type {Service} */ service) {
  service.leaving = true
  clearTimeout(service.timer)
  draining.add(key)
  const gone = () => {
    services.delete(key)
    setTimeout(() => draining.delete(key), drainMs)
  }
  const {child} = service
  if (child === undefined) return gone()
  child.once('exit', gone)
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), Number(service.plist['ExitTimeOut'] ?? 5) * 1000).unref()
}

const SIGNALS = /** @type {Record<string, string>} */ ({SIGKILL: 'Killed: 9', SIGTERM: 'Terminated: 15'})

function printed(/** @type {Service} */ {domain, label, path, plist, runs, child, exit, signal}) {
  const state = child === undefined ? 'spawn scheduled' : 'running'
  const program = /** @type {string[]} */ (plist['ProgramArguments'] ?? [])
  return `${domain}/${label} = {
\tactive count = ${child === undefined ? 0 : 1}
\tpath = ${path}
\ttype = LaunchAgent
\tstate = ${state}

\tprogram = ${program[0]}
\targuments = {
${program.map((word) => `\t\t${word}`).join('\n')}
\t}

\tstdout path = ${String(plist['StandardOutPath'])}
\tstderr path = ${String(plist['StandardErrorPath'])}
\tdomain = ${domain} [100005]
\tminimum runtime = 10
\texit timeout = 15
\truns = ${runs}
${child === undefined ? '' : `\tpid = ${child.pid}\n`}\timmediate reason = non-ipc demand
\tforks = 0
\texecs = 1
${signal === undefined ? `\tlast exit code = ${exit === undefined ? '(never exited)' : exit === 78 ? '78: EX_CONFIG' : exit}` : `\tlast terminating signal = ${SIGNALS[signal] ?? signal}`}

\tspawn type = daemon (3)
\tjetsam priority = 40
}
`
}

const server = net.createServer({allowHalfOpen: true}, (socket) => {
  let text = ''
  socket.setEncoding('utf8').on('data', (part) => (text += part))
  socket.on('end', () => {
    const [verb = '', ...args] = JSON.parse(text)
    const answer = verbs[verb]?.(...args) ?? failed(64, `Unrecognized subcommand: ${verb}`)
    socket.end(JSON.stringify(answer))
  })
})
server.listen(socketPath, () => process.stdout.write('ready\n'))

process.on('SIGTERM', () => {
  for (const {child, timer} of services.values()) {
    clearTimeout(timer)
    child?.kill('SIGKILL')
  }
  rmSync(socketPath, {force: true})
  process.exit(0)
})
