#!/bin/zsh -f
# memory_sync_dispatch.zsh mary|rnd LINE [last]
# Called by the block that the installer puts into a dispatcher, with each line that the dispatcher logs: "ID -> DESTINATION".
# Records what became of the work order or proposal. Silent. Exit 75: it is not there yet; call again later, or as the last
# time with `last`. Else exit 0.
[[ -r ${0:A:h}/memory_sync_record.zsh ]] || exit 0
source "${0:A:h}/memory_sync_record.zsh"
setopt extended_glob

# Text of others as a JSON string.
json_string() {
  local text=${${1//\\/\\\\}//\"/\\\"} character escape
  for character in ${(us::)${text//[^[:cntrl:]]}}; do
    printf -v escape '\\u%04x' "'$character"
    text=${text//$character/$escape}
  done
  REPLY=\"$text\"
}

# Of a work order only what the folders say counts: a line may be written before the order is moved, or in spite of a failure.
arrived() {
  local bridge
  local -a left came
  for bridge in $memory_sync_at/bridge ${memory_sync_folder:h}/bridge; do
    [[ -d $bridge/inbox/$2 ]] || continue
    left=($bridge/inbox/ENTRY/$1.(yaml|yml)(N))
    came=($bridge/inbox/$2/$1.(yaml|yml|json)(N) $bridge/(outbox|processed)/ENTRY/$1.(yaml|yml)(N))
    (( $#left )) && return 75
    (( $#came )) && return 0
  done
  return 1
}

agent=$1 line=$2
id=${line%% -> *} rest=${line#* -> }
destination=${rest%%[[:space:]]*}
[[ $line == *' -> '* && -n $id && -n $destination && $id$destination != */* ]] || exit 0

outcome=dispatched
if [[ $agent == rnd ]]; then
  outcome=$rest
elif [[ $rest == (#i)*(fail|error|refus|reject|unknown|invalid|skip|cannot|missing)* ]]; then
  outcome=failed
else
  arrived $id $destination
  case $? in
    (0) ;;
    (75) [[ ${3-} == last ]] || exit 75
      outcome=failed ;;
    (*) [[ ${3-} == last ]] && exit 0
      exit 75 ;;
  esac
fi
json_string $destination
result="{\"destination\":$REPLY"
json_string $outcome
result+=",\"result\":$REPLY"
json_string $line
memory_sync_record $agent $id $outcome "$result,\"line\":$REPLY}"
exit 0
