/* eslint-disable no-template-curly-in-string -- these are the expansions of a shell */
/**
 * The lines of the block. They wrap the function `log`: when it has done its work, each line of the form "ID -> DESTINATION" is
 * handed to the hook. The status of `log` stays, nothing is printed, nothing runs in the background, and a hook that is gone,
 * slow or failing costs no more than its own limit of time, once. A line about an order that is not where it says is told again
 * with the next one, and for the last time when the script ends.
 */
import type { BlockRequest } from './marked-block.js'

export type Shell = 'zsh' | 'bash'

export function blockLines(shell: Shell, { agent, hook }: BlockRequest): string[] {
  const lines = shell === 'zsh' ? zshLines(agent) : bashLines(agent)
  return [`memory_sync_hook=${shellQuoted(hook)}`, ...lines]
}

export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const zshLines = (agent: string): string[] => [
  'if [[ -x $memory_sync_hook ]] && (( ${+functions[log]} )); then',
  '  typeset -ga memory_sync_lines=() zshexit_functions',
  '  memory_sync_slow=',
  '  memory_sync_tell() { # [last]',
  '    setopt local_options no_err_exit no_err_return no_ksh_arrays no_xtrace',
  '    local memory_sync_began=$SECONDS memory_sync_line',
  '    local -a memory_sync_now=("${memory_sync_lines[@]}")',
  '    memory_sync_lines=()',
  '    for memory_sync_line in "${memory_sync_now[@]}"; do',
  `      MEMORY_SYNC_SPOOL_ONLY=$memory_sync_slow "$memory_sync_hook" ${agent} "$memory_sync_line" "$@" </dev/null >/dev/null 2>&1`,
  '      [[ $? != 75 ]] || memory_sync_lines+=("$memory_sync_line")',
  '      (( SECONDS - memory_sync_began < 2 )) || memory_sync_slow=1',
  '    done',
  '    return 0',
  '  }',
  '  memory_sync_last() { memory_sync_tell last }',
  '  zshexit_functions+=(memory_sync_last)',
  '  functions[log]="local memory_sync_said=\\"\\$*\\"',
  '  {',
  '    ${functions[log]}',
  '  } always {',
  `    if [[ \\$memory_sync_said == *' -> '* ]]; then memory_sync_lines+=(\\"\\$memory_sync_said\\"); memory_sync_tell; fi`,
  '  }"',
  'fi',
]

// Bash has no `always`: the function is kept under another name. ${a[@]+..}: to the bash of macOS, 3.2, an empty list is unset.
const bashLines = (agent: string): string[] => [
  'if [[ -x $memory_sync_hook ]] && declare -F log >/dev/null; then',
  '  memory_sync_lines=()',
  '  memory_sync_slow=',
  '  memory_sync_tell() { # [last]',
  '    local began=$SECONDS line lines=(${memory_sync_lines[@]+"${memory_sync_lines[@]}"}) status',
  '    memory_sync_lines=()',
  '    for line in ${lines[@]+"${lines[@]}"}; do',
  '      status=0',
  `      MEMORY_SYNC_SPOOL_ONLY=$memory_sync_slow "$memory_sync_hook" ${agent} "$line" "$@" </dev/null >/dev/null 2>&1 || status=$?`,
  '      [[ $status != 75 ]] || memory_sync_lines+=("$line")',
  '      (( SECONDS - began < 2 )) || memory_sync_slow=1',
  '    done',
  '    return 0',
  '  }',
  '  eval "memory_sync_log_$(declare -f log)"',
  '  log() {',
  '    memory_sync_log_log "$@"',
  '    local memory_sync_status=$?',
  '    if [[ $* == *" -> "* ]]; then memory_sync_lines+=("$*"); memory_sync_tell; fi',
  '    return $memory_sync_status',
  '  }',
  '  [[ -n $(trap -p EXIT) ]] || trap "memory_sync_tell last" EXIT',
  'fi',
]
