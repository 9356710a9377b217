#!/bin/sh
# memory_sync, the fast way: get, set, update and record are handed to the hub of the root over its control socket, without
# starting Node, where there is a zsh, which opens a socket by itself. Everything else, and whatever the hub has not answered,
# goes to Node with the same arguments, and a write with the same id, so that it is done once.
#
# As `memory_sync` it is the whole program; as `memory_sync.sh` it stands in for the script of that name, with its usage line.
# One file that sh, and zsh in its sh emulation, both read.

# Filled in by the installer; see memory_sync_to_node for what holds while they are empty.
memory_sync_node=''
memory_sync_program=''
memory_sync_root=''
# Of the product that this file belongs to. A hub of another one may do the verbs otherwise, and declines.
memory_sync_version='0.1.0'

# A root that is not the usual one, when nobody names another: for the hub here, and for Node, where --root still goes before it.
if [ -z "${MEMORY_SYNC_ROOT:-${LUKA_SOT:-}}" ] && [ -n "$memory_sync_root" ]; then
  export MEMORY_SYNC_ROOT="$memory_sync_root"
fi

# The hub does the hot verbs. Another root or another Redis by option, and JSON by the environment: Node finds out.
memory_sync_way=node memory_sync_word=''
case ${1-} in get | set | update | record) memory_sync_way=hub ;; esac
[ -z "${MEMORY_SYNC_CONTENT_TYPE+set}" ] || memory_sync_way=node
for memory_sync_argument; do
  case $memory_sync_argument in --root* | --redis-*) memory_sync_way=node ;; esac
done

if [ "${0##*/}" = memory_sync.sh ]; then
  case ${1-} in
    '' | -*)
      printf 'Usage: %s {update|get} [agent] [status]\n' "$0" >&2
      exit 1
      ;;
    get)
      # The old script looked at no further argument; options and pointers were never given to it, and are ours.
      memory_sync_plain=1
      for memory_sync_argument; do
        case $memory_sync_argument in -* | /*) memory_sync_plain='' ;; esac
      done
      [ -z "$memory_sync_plain" ] || set -- get
      ;;
    set | update | record) ;;
    *) memory_sync_word=--memory-sync-drop-in=$0 ;;
  esac
fi

# Who exports the variable makes no zsh of another shell.
if [ "$memory_sync_way" = hub ] && { [ -z "${ZSH_VERSION-}" ] || ! command -v emulate >/dev/null; }; then
  command -v zsh >/dev/null 2>&1 && exec zsh -f -- "$0" "$@"
  for memory_sync_zsh in /bin/zsh /usr/bin/zsh /usr/local/bin/zsh /opt/homebrew/bin/zsh; do
    [ ! -x "$memory_sync_zsh" ] || exec "$memory_sync_zsh" -f -- "$0" "$@"
  done
  memory_sync_way=node
fi

# What is for the hub is for zsh, whose builtins set these.
memory_sync_mode='' memory_sync_chunk='' memory_sync_size='' memory_sync_received='' memory_sync_reason='' memory_sync_offset='' memory_sync_digits=''

# Sets memory_sync_socket; fails where there is none, or none that this shell should judge.
memory_sync_find_socket() {
  memory_sync_root=${MEMORY_SYNC_ROOT:-${LUKA_SOT:-}}
  [ -n "$memory_sync_root" ] || memory_sync_root=${HOME:+$HOME/02luka}
  case $memory_sync_root in
    '') return 1 ;;
    /*) ;;
    *) memory_sync_root=$PWD/$memory_sync_root ;;
  esac
  memory_sync_state=$memory_sync_root/shared_memory/.memory_sync
  # A hub was silent: connecting to one that is stopped would block as soon as its queue is full. Node can wait with a limit.
  [ ! -e "$memory_sync_state/hub.silent" ] || return 1
  memory_sync_socket=$memory_sync_state/hub.sock
  if [ ${#memory_sync_socket} -gt 100 ]; then
    [ -r "$memory_sync_state/socket" ] && IFS= read -r memory_sync_socket <"$memory_sync_state/socket" || return 1
    memory_sync_is_private "${memory_sync_socket%/*}" || return 1
  fi
  [ -S "$memory_sync_socket" ]
}

# In /tmp anybody could have made a folder of that name.
memory_sync_is_private() {
  [ -O "$1" ] && [ ! -L "$1" ] && zmodload -F zsh/stat b:zstat && zstat -A memory_sync_mode +mode "$1" && [ $((memory_sync_mode & 63)) -eq 0 ]
}

# 128 random bits as hex digits.
memory_sync_make_id() {
  memory_sync_id=''
  while [ ${#memory_sync_id} -lt 32 ]; do
    sysread -s 1 memory_sync_chunk || return
    print -v memory_sync_digits -f %02x "'$memory_sync_chunk"
    memory_sync_id=$memory_sync_id$memory_sync_digits
  done </dev/urandom
}

# memory_sync_receive BYTES: sets memory_sync_received. Fails at the end of the stream (5), and after 150 ms of silence (4).
memory_sync_receive() {
  sysread -t 0.15 -c memory_sync_size -s "$1" -i "$memory_sync_fd" memory_sync_received || return
  memory_sync_left=$(($1 - memory_sync_size))
  while [ $memory_sync_left -gt 0 ]; do
    sysread -t 0.15 -c memory_sync_size -s $memory_sync_left -i "$memory_sync_fd" memory_sync_chunk || return
    memory_sync_received=$memory_sync_received$memory_sync_chunk
    memory_sync_left=$((memory_sync_left - memory_sync_size))
  done
}

# The header of a reply, of 32 bytes; before it, a dot for every 50 ms that the hub works, at most for 5 s.
memory_sync_receive_header() {
  memory_sync_receive 32 || return
  memory_sync_dots=0
  while [ "${memory_sync_received#.}" != "$memory_sync_received" ]; do
    memory_sync_header=${memory_sync_received#"${memory_sync_received%%[!.]*}"}
    memory_sync_dots=$((memory_sync_dots + 32 - ${#memory_sync_header}))
    [ $memory_sync_dots -lt 100 ] || return 4
    memory_sync_receive $((32 - ${#memory_sync_header})) || return
    memory_sync_received=$memory_sync_header$memory_sync_received
  done
  memory_sync_header=$memory_sync_received
}

# memory_sync_print_on DESCRIPTOR: goes on with memory_sync_received, whose write has just failed. A pipe that another process
# has made non-blocking, and that is full, is waited for. Fails as the last write did; memory_sync_reason says why.
memory_sync_print_on() {
  syserror -e memory_sync_reason
  while [ "$memory_sync_reason" = 'Resource temporarily unavailable' ]; do
    zmodload zsh/zselect || return
    zselect -w "$1"
    eval 'memory_sync_received=${memory_sync_received:$memory_sync_size}' # no syntax of sh
    syswrite -c memory_sync_size -o "$1" -- "$memory_sync_received" && return
    syserror -e memory_sync_reason
  done
  return 1
}

# What to do when stdout cannot be written. A reader that has gone away is no error; one that it was to read goes to stderr,
# as far as it was not written.
memory_sync_print_failed() {
  case $memory_sync_reason in
    'Bad file descriptor') memory_sync_reason='EBADF: bad file descriptor' ;;
    'No space left on device') memory_sync_reason='ENOSPC: no space left on device' ;;
  esac
  if [ "$memory_sync_reason" != 'Broken pipe' ]; then
    memory_sync_code=1
    memory_sync_received="Error: the output cannot be written: $memory_sync_reason, write
"
  elif [ "$memory_sync_code" -eq 0 ]; then
    return
  fi
  syswrite -c memory_sync_size -o 3 -- "$memory_sync_received" || memory_sync_print_on 3
}

# memory_sync_ask_hub ARGUMENTS: ends this process with the hub's answer; or returns, and memory_sync_fate says how it stands:
# '' when nothing happened, else the words for Node that make a second attempt the same write.
memory_sync_ask_hub() {
  memory_sync_fate='' memory_sync_id=''
  memory_sync_find_socket && zmodload zsh/net/socket zsh/system || return
  case $1 in
    get) memory_sync_id=00000000000000000000000000000000 memory_sync_offset=+0000 ;; # it writes nothing
    *) memory_sync_make_id && print -v memory_sync_offset -P '%D{%z}' || return ;;
  esac
  # The fields, each with its length in bytes before it; of the settings those that are set. Here at once, as each call of a
  # function takes a shell as long as several lines.
  memory_sync_request="${#memory_sync_root}
$memory_sync_root${#memory_sync_offset}
$memory_sync_offset${#memory_sync_id}
$memory_sync_id${MEMORY_SYNC_AGENT:+$((${#MEMORY_SYNC_AGENT} + 18))
MEMORY_SYNC_AGENT=$MEMORY_SYNC_AGENT}${USER:+$((${#USER} + 5))
USER=$USER}${HOME:+$((${#HOME} + 5))
HOME=$HOME}${XDG_CONFIG_HOME:+$((${#XDG_CONFIG_HOME} + 16))
XDG_CONFIG_HOME=$XDG_CONFIG_HOME}${MEMORY_SYNC_NAMESPACE:+$((${#MEMORY_SYNC_NAMESPACE} + 22))
MEMORY_SYNC_NAMESPACE=$MEMORY_SYNC_NAMESPACE}${MEMORY_SYNC_REDIS:+$((${#MEMORY_SYNC_REDIS} + 18))
MEMORY_SYNC_REDIS=$MEMORY_SYNC_REDIS}${MEMORY_SYNC_REDIS_URL:+$((${#MEMORY_SYNC_REDIS_URL} + 22))
MEMORY_SYNC_REDIS_URL=$MEMORY_SYNC_REDIS_URL}${REDIS_URL:+$((${#REDIS_URL} + 10))
REDIS_URL=$REDIS_URL}${REDIS_HOST:+$((${#REDIS_HOST} + 11))
REDIS_HOST=$REDIS_HOST}${REDIS_PORT:+$((${#REDIS_PORT} + 11))
REDIS_PORT=$REDIS_PORT}0
"
  memory_sync_fields=$((4 + $#${MEMORY_SYNC_AGENT:++1}${USER:++1}${HOME:++1}${XDG_CONFIG_HOME:++1}${MEMORY_SYNC_NAMESPACE:++1}${MEMORY_SYNC_REDIS:++1}${MEMORY_SYNC_REDIS_URL:++1}${REDIS_URL:++1}${REDIS_HOST:++1}${REDIS_PORT:++1}))
  for memory_sync_argument; do
    memory_sync_request="$memory_sync_request${#memory_sync_argument}
$memory_sync_argument"
  done
  # What does not fit into the buffer of a socket would wait for a hub that is stopped.
  memory_sync_limit=7000
  [ ! -d /proc/self ] || memory_sync_limit=100000 # Linux
  [ ${#memory_sync_request} -le $memory_sync_limit ] || return
  zsocket "$memory_sync_socket" || return
  memory_sync_fd=$REPLY
  memory_sync_fate=--memory-sync-operation=$memory_sync_id
  syswrite -o "$memory_sync_fd" -- "memory_sync run 1 $memory_sync_version
$memory_sync_fields
$memory_sync_request" && memory_sync_receive_header && memory_sync_take_reply
  if [ $? -eq 4 ]; then
    memory_sync_fate="$memory_sync_fate --memory-sync-past-hub"
    true >"$memory_sync_state/hub.silent" # where it cannot be made, ":" would end the shell
  fi
  eval "exec $memory_sync_fd>&-"
}

memory_sync_take_reply() {
  # shellcheck disable=SC2086 # four words, none of them a user's
  set -- $memory_sync_header
  case ${1-} in
    =) ;;
    -) memory_sync_fate='' && return 1 ;;
    *) return 1 ;;
  esac
  memory_sync_code=$2
  # A long text takes a shell time wherever it is named or handed on, and mostly there is one.
  if [ "$3" -gt 0 ]; then
    memory_sync_receive "$3" || return
  fi
  if [ "$4" -gt 0 ]; then
    memory_sync_out=$memory_sync_received
    memory_sync_receive "$4" || return
    LC_ALL=C # for the text of an error, and this process ends now
    # There is no third place to say that it cannot be written.
    syswrite -c memory_sync_size -o 3 -- "$memory_sync_received" || memory_sync_print_on 3
    memory_sync_received=$memory_sync_out
  fi
  if [ "$3" -gt 0 ]; then
    LC_ALL=C
    syswrite -c memory_sync_size -o 1 -- "$memory_sync_received" || memory_sync_print_on 1 || memory_sync_print_failed
  fi
  exit "$memory_sync_code"
}

if [ "$memory_sync_way" = hub ]; then
  emulate -R sh
  setopt promptpercent nomultibyte # the last so that lengths are in bytes
  trap '' PIPE
  # It may be closed: not to be found out by a redirection, as a shell that could not print its complaint ends at the next exec.
  [ -e /dev/fd/2 ] || [ ! -d /dev/fd ] || exec 2>/dev/null
  exec 3>&2 2>/dev/null
  true 4>&1 || exec 1</dev/null # where it is closed, the socket would get its number, and the hub what is meant for the user
  memory_sync_ask_hub "$@"
  exec 2>&3 3>&-
  memory_sync_word=$memory_sync_fate
  case $memory_sync_word in
    *' '*) set -- --memory-sync-past-hub "$@" && memory_sync_word=${memory_sync_word% *} ;;
  esac
fi

# A shell reads a script as far as it gets: what the hub answers does not pay for what follows.

# Replaces this process. $1: words of ours for the program, or nothing; the rest: the arguments.
memory_sync_to_node() {
  memory_sync_find_program
  memory_sync_find_node
  if [ -z "$1" ]; then
    shift
  fi
  # Node puts /dev/null in the place of a closed output, and could not tell that nobody sees what it prints; this it cannot write.
  { true 3>&1; } 2>/dev/null || exec 1</dev/null
  exec "$memory_sync_node" "$memory_sync_program" "$@"
}

memory_sync_find_program() {
  [ ! -f "$memory_sync_program" ] || return 0
  memory_sync_self=$0
  while [ -L "$memory_sync_self" ]; do
    memory_sync_target=$(readlink "$memory_sync_self") || break
    case $memory_sync_target in
      /*) memory_sync_self=$memory_sync_target ;;
      *) memory_sync_self=${memory_sync_self%/*}/$memory_sync_target ;;
    esac
  done
  case $memory_sync_self in */*) ;; *) memory_sync_self=./$memory_sync_self ;; esac
  memory_sync_package=${memory_sync_self%/*}/..
  if [ -f "$memory_sync_package/bin/run.js" ] && [ -f "$memory_sync_package/hooks/memory_sync.sh" ]; then
    memory_sync_program=$memory_sync_package/bin/run.js
    return 0
  fi
  case ${XDG_DATA_HOME-} in
    /*) memory_sync_data=$XDG_DATA_HOME ;;
    *) memory_sync_data=$(memory_sync_home)/.local/share ;;
  esac
  memory_sync_program=$memory_sync_data/memory_sync/current/bin/run.js
  if [ ! -f "$memory_sync_program" ]; then
    printf 'Error: memory_sync is not installed: there is no %s\n' "$memory_sync_program" >&2
    exit 4
  fi
}

memory_sync_find_node() {
  [ ! -x "$memory_sync_node" ] || return 0
  memory_sync_node=$(command -v node) && return 0
  for memory_sync_node in /opt/homebrew/bin/node /usr/local/bin/node /usr/bin/node "$(memory_sync_newest_nvm)"; do
    [ ! -x "$memory_sync_node" ] || return 0
  done
  printf 'Error: there is no Node: not on the PATH, and not at the usual places\n' >&2
  exit 4
}

# v9 comes after v10 in a listing, so the numbers are compared.
memory_sync_newest_nvm() {
  for memory_sync_folder in "$(memory_sync_home)"/.nvm/versions/node/v*/bin/node; do
    memory_sync_number=${memory_sync_folder%/bin/node}
    printf '%s %s\n' "${memory_sync_number##*/v}" "$memory_sync_folder"
  done | sort -t. -k1,1n -k2,2n -k3,3n | sed -n '$s/^[^ ]* //p'
}

memory_sync_home() {
  if [ -n "${HOME-}" ]; then
    printf '%s\n' "$HOME"
  else
    eval "printf '%s\\n' ~$(id -un)"
  fi
}

memory_sync_to_node "$memory_sync_word" "$@"
