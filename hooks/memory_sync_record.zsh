# Read by the hooks beside it; nothing to run. Records one result, and never fails its caller: what cannot be delivered in
# time is kept in the spool, <root>/shared_memory/.memory_sync/spool, which the hub takes in. zsh 5.3 or later, no programs
# but memory_sync itself.

# Filled in by the installer; see memory_sync_command for what holds while they are empty.
memory_sync_node=''
memory_sync_program=''
memory_sync_root=''

# What a caller has open, a lock perhaps, must not be held by a memory_sync that hangs.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-

zmodload zsh/system zsh/zselect zsh/datetime
zmodload -F zsh/stat b:zstat
zmodload -F zsh/files b:zf_mkdir b:zf_mv b:zf_rm

typeset -g memory_sync_folder=${${(%):-%x}:A:h}
# A caller waits no longer for a delivery than this; the record is in the spool then.
typeset -g memory_sync_limit_seconds=5

# An empty HOME is none, as memory_sync has it; zsh sets only one that is unset.
if [[ -z $HOME ]]; then
  typeset -g memory_sync_home=\~$USERNAME
  export HOME=${${~memory_sync_home}:-/}
fi

# A root that is not the usual one, when nobody names another: here, and for the memory_sync that is called.
if [[ -z ${MEMORY_SYNC_ROOT-} && -z ${LUKA_SOT-} && -n $memory_sync_root ]]; then
  export MEMORY_SYNC_ROOT=$memory_sync_root
fi
# What memory_sync says is read here as text, not as JSON.
unset MEMORY_SYNC_CONTENT_TYPE
typeset -g memory_sync_at=${MEMORY_SYNC_ROOT:-${LUKA_SOT:-$HOME/02luka}}

# Sets `reply` to the words that begin a call of memory_sync; fails when there is none.
memory_sync_command() {
  local program=$memory_sync_program node=$memory_sync_node
  if [[ -x $memory_sync_folder/memory_sync.sh ]]; then
    reply=($memory_sync_folder/memory_sync.sh)
    return 0
  fi
  if [[ -z $program ]]; then
    program=${memory_sync_folder:h}/bin/run.js
    [[ -f $program ]] || program=${${(M)${XDG_DATA_HOME-}:#/*}:-$HOME/.local/share}/memory_sync/current/bin/run.js
  fi
  local -a nodes
  nodes=($node ${commands[node]-} /opt/homebrew/bin/node /usr/local/bin/node /usr/bin/node $HOME/.nvm/versions/node/*/bin/node(Nnon))
  for node in $nodes; do
    [[ -x $node && -f $program ]] || continue
    reply=($node $program)
    return 0
  done
  return 1
}

# A line in <root>/logs/memory_hooks.log; the text of others is shown quoted, so that it forges no line.
memory_sync_log() {
  local log=$memory_sync_at/logs/memory_hooks.log
  local -a size
  [[ -d ${log:h} ]] || zf_mkdir -p ${log:h}
  zstat -A size +size $log && (( size[1] > 1048576 )) && zf_mv -f $log $log.1
  print -r -- "$(strftime '%Y-%m-%dT%H:%M:%S%z' $EPOCHSECONDS) $1" >>$log
} 2>/dev/null

memory_sync_make_spool() {
  [[ -d $1 ]] && return 0
  zf_mkdir -p ${1:h:h} && zf_mkdir -p -m 700 ${1:h} && zf_mkdir -p -m 700 $1
} 2>/dev/null

# memory_sync_record AGENT ID OUTCOME RESULT
# Under a name with a dot until it is delivered: the hub leaves it alone for as long as this process may be at it.
memory_sync_record() {
  setopt local_options no_err_exit no_err_return no_unset
  local now=$EPOCHREALTIME spool=$memory_sync_at/shared_memory/.memory_sync/spool why
  local key=hook:${HOST:-host}:$now:$$:$RANDOM$RANDOM
  local name=$now-$$.record kept=
  local -i out
  if memory_sync_make_spool $spool && sysopen -w -o creat,excl -m 600 -u out $spool/.$name 2>/dev/null; then
    print -rn -u $out -- $'memory_sync record 1\0'$key$'\0'$1$'\0'$2$'\0'$3$'\0'$now$'\0'$4$'\0end\0' 2>/dev/null && kept=$spool/.$name
    exec {out}>&-
  fi
  memory_sync_deliver $key "$@" && { [[ -z $kept ]] || zf_rm -f $kept; return 0; }
  why=$REPLY
  if [[ -n $kept ]]; then
    zf_mv -f $kept $spool/$name 2>/dev/null
    memory_sync_log "$1 ${(qqqq)2} ${(qqqq)3}: kept in the spool as $name, because $why"
  else
    memory_sync_log "$1 ${(qqqq)2} ${(qqqq)3} ${(qqqq)4}: not recorded, because $why, and the spool cannot be written"
  fi
  return 0
}

# memory_sync_deliver KEY AGENT ID OUTCOME RESULT: true when it is acknowledged; else REPLY says why not.
memory_sync_deliver() {
  local -a reply
  local -i fd pid left
  local key=$1 text= chunk=
  shift
  if [[ -n ${MEMORY_SYNC_SPOOL_ONLY-} ]]; then
    REPLY='the delivery before was slow'
    return 1
  fi
  if ! memory_sync_command; then
    REPLY='there is no memory_sync'
    return 1
  fi
  local -F end=$(( EPOCHREALTIME + memory_sync_limit_seconds ))
  coproc "$reply[@]" record --literal --by $1 --idempotency-key $key -- "$@" </dev/null 2>&1
  pid=$!
  exec {fd}<&p
  while :; do
    left=$(( (end - EPOCHREALTIME) * 100 ))
    if (( left <= 0 )) || ! zselect -t $left -r $fd; then
      kill -KILL $pid
      exec {fd}<&-
      REPLY="it took longer than $memory_sync_limit_seconds s"
      return 1
    fi
    sysread -i $fd chunk || break
    text+=$chunk
  done
  exec {fd}<&-
  wait $pid && return 0
  REPLY="memory_sync ended with $?: ${(qqqq)${text[1,500]}}"
  return 1
} 2>/dev/null
