/** A dispatcher of the former system, in the shape of the one in use. */

/** Routes each order to the destination that stands in it, in the way of the dispatcher in use. */
export const LEGACY_DISPATCHER = `#!/usr/bin/env zsh
set -euo pipefail
setopt null_glob

ROOT="\${LUKA_SOT:-\${HOME}/02luka}"
INBOX="$ROOT/bridge/inbox/ENTRY"
LOG_FILE="$ROOT/logs/mary_dispatcher.log"

mkdir -p "$INBOX" "$ROOT/bridge/outbox/ENTRY" "$ROOT/bridge/processed/ENTRY" "\${LOG_FILE:h}"

log() {
  printf '[%s] %s\\n' "time" "$*" >> "$LOG_FILE"
}

warn() {
  echo "$*" >&2
  log "$*"
}

log "start"
for file in "$INBOX"/*.yaml "$INBOX"/*.yml; do
  [[ -f "$file" ]] || continue
  id="\${\${file:t}%.*}"
  dest="$(<"$file")"
  case "$dest" in
    LPE)
      mkdir -p "$ROOT/bridge/inbox/LPE"
      print '{}' > "$ROOT/bridge/inbox/LPE/\${id}.json"
      cp "$file" "$ROOT/bridge/outbox/ENTRY/\${id}.yaml"
      mv "$file" "$ROOT/bridge/processed/ENTRY/\${id}.yaml"
      log "$id -> LPE"
      ;;
    shell|CLC|LAC|CLS|Andy)
      mkdir -p "$ROOT/bridge/inbox/$dest"
      cp "$file" "$ROOT/bridge/inbox/$dest/\${id}.yaml"
      mv "$file" "$ROOT/bridge/outbox/ENTRY/\${id}.yaml"
      log "$id -> $dest"
      ;;
    *)
      warn "unknown route for $file (dest=$dest)"
      ;;
  esac
done
`
