/** The LaunchAgent. launchd expands neither `~` nor variables, and everybody may read it: absolute paths, and no secret. */
import type { ServiceSpec } from './service.js'

/** launchd.plist(5). A hub needs up to ten seconds to end. */
const THROTTLE_SECONDS = 10
const EXIT_SECONDS = 15

/** `session`: for a login without a screen, where launchd starts nothing that is made for one. */
export function plistOf(spec: ServiceSpec, session: 'Aqua' | 'Background'): string {
  const entries: string[] = [
    entry('Label', text(spec.label)),
    entry('ProgramArguments', list([...spec.program, ...spec.args])),
    entry('EnvironmentVariables', dictionary(spec.environment)),
    entry('WorkingDirectory', text(spec.directory)),
    entry('RunAtLoad', '<true/>'),
    entry('KeepAlive', '<true/>'),
    entry('ThrottleInterval', `<integer>${THROTTLE_SECONDS}</integer>`),
    entry('ExitTimeOut', `<integer>${EXIT_SECONDS}</integer>`),
    entry('StandardOutPath', text(spec.stdout)),
    entry('StandardErrorPath', text(spec.stderr)),
    ...(session === 'Background' ? [entry('LimitLoadToSessionType', text(session))] : []),
  ]
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
${entries.join('\n')}
</dict>
</plist>
`
}

const entry = (key: string, value: string): string => `  <key>${escape(key)}</key>\n  ${value}`
const text = (value: string): string => `<string>${escape(value)}</string>`
const list = (values: readonly string[]): string =>
  `<array>\n${values.map((value) => `    ${text(value)}`).join('\n')}\n  </array>`

const dictionary = (values: Readonly<Record<string, string>>): string =>
  `<dict>\n${Object.entries(values)
    .map(([key, value]) => `    <key>${escape(key)}</key>\n    ${text(value)}`)
    .join('\n')}\n  </dict>`

const escape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
