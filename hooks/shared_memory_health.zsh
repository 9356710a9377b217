#!/bin/zsh -f
# shared_memory_health.zsh: a line for each piece, and `✅ health passed` at the end only when every one of them is well. Exit 0
# or 1. It is `memory_sync health` in another form.
failed() {
  print -r -- "❌ $1"
  print -r -- '❌ health failed'
  exit 1
}

[[ -r ${0:A:h}/memory_sync_record.zsh ]] || failed "memory_sync cannot be asked: ${0:A:h}/memory_sync_record.zsh is gone"
source "${0:A:h}/memory_sync_record.zsh"
memory_sync_command || failed 'memory_sync cannot be asked: neither memory_sync.sh beside this script nor an installed program is there'
report=$("$reply[@]" health "$@")
code=$?
pieces=(${(M)${(f)report}:#  (✅|❌|⚠️|-)*})
(( $#pieces )) || failed "memory_sync health ended with $code"
print -rl -- ${pieces#  }
# Not of the exit code alone: something else than memory_sync might have been asked.
passed=(${(M)${(f)report}:#✅ All checks passed})
broken=(${(M)pieces:#  ❌*})
(( code == 0 && $#passed == 1 && $#broken == 0 )) || failed "memory_sync health ended with $code"
print -r -- '✅ health passed'
