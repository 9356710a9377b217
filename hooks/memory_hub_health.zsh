#!/bin/zsh -f
# memory_hub_health.zsh: what `memory_sync health` finds, with its score. Exit 0 when every check passed, else 1.
gone() {
  print -r -- "❌ $1"
  print -r -- "=== Health Score: 0% (0/1) ==="
  exit 1
}

[[ -r ${0:A:h}/memory_sync_record.zsh ]] || gone "memory_sync cannot be asked: ${0:A:h}/memory_sync_record.zsh is gone"
source "${0:A:h}/memory_sync_record.zsh"
memory_sync_command || gone 'memory_sync cannot be asked: neither memory_sync.sh beside this script nor an installed program is there'
report=$("$reply[@]" health "$@")
code=$?
[[ -z $report ]] || print -r -- $report
(( code <= 1 )) && [[ -n $report ]] && exit $code
gone "memory_sync health ended with $code"
