#!/bin/zsh -f
# rnd_memory_hook.zsh PROPOSAL_ID [OUTCOME] [RESULT]
# Records what came of a proposal of R&D. Silent, and exit 0 always: what cannot be delivered is kept in the spool, and logged.
if [[ ! -r ${0:A:h}/memory_sync_record.zsh ]]; then
  print -r -- "rnd ${(qqqq)@}: not recorded, because memory_sync_record.zsh is gone" \
    >>"${MEMORY_SYNC_ROOT:-${LUKA_SOT:-$HOME/02luka}}/logs/memory_hooks.log" 2>/dev/null
  exit 0
fi
source "${0:A:h}/memory_sync_record.zsh"
# The default stands apart: in ${3:-{}} the first brace would end it, and the second be appended to every result.
memory_sync_empty='{}'
memory_sync_record rnd "${1:-unknown}" "${2:-processed}" "${3:-$memory_sync_empty}"
exit 0
