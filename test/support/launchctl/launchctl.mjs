// One call of launchctl: arguments to the daemon, its answer to stdout, stderr and the exit code.
import net from 'node:net'

const socket = net.connect(process.env['LAUNCHD_DOUBLE_SOCKET'] ?? '')
socket.end(JSON.stringify(process.argv.slice(2)))
let text = ''
socket.setEncoding('utf8').on('data', (part) => (text += part))
socket.on('error', (error) => {
  process.stderr.write(`the launchd double does not run: ${error.message}\n`)
  process.exitCode = 112
})
socket.on('end', () => {
  const {code, out = '', err = ''} = JSON.parse(text)
  process.stdout.write(out)
  process.stderr.write(err)
  process.exitCode = code
})
