/** The systemd user unit. Everybody may read it: no secret. */
import type { ServiceSpec } from './service.js'

/**
 * Restart=always without a limit: a hub that cannot start now may be able to in an hour, and `health` tells of the loop.
 * KillMode=mixed: the hub ends its private Redis itself, in order. The restrictions are those that need no mount namespace,
 * which a user's manager often may not make; and none that forbids a compiler at run time (V8).
 * The launcher is given to a shell, because systemd refuses a program whose path has a quote in it.
 */
export function unitOf(spec: ServiceSpec): string {
  const environment = Object.entries(spec.environment).map(([key, value]) => `Environment=${quoted(`${key}=${value}`)}`)
  return `# Made by memory_sync; "memory_sync rollback" removes it.
[Unit]
Description=memory_sync hub (${specifiersEscaped(spec.label)})
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/bin/sh ${[...spec.program, ...spec.args].map((word) => quoted(word.replaceAll('$', '$$$$'))).join(' ')}
WorkingDirectory=${specifiersEscaped(spec.directory)}
${environment.join('\n')}
StandardOutput=append:${specifiersEscaped(spec.stdout)}
StandardError=append:${specifiersEscaped(spec.stderr)}
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=20
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=default.target
`
}

/** systemd.syntax(7): C escapes in double quotes. */
const quoted = (word: string): string =>
  `"${specifiersEscaped(word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t'))}"`

const specifiersEscaped = (text: string): string => text.replaceAll('%', '%%')
