#!/bin/sh
# Runs memory_sync for a service: launch.sh NODE ARGUMENT... A service is started years after it was installed, and the Node it
# was installed with may be gone by then (an upgrade with nvm): then another one is looked for.
# It becomes the program, so that the service manager sees the hub itself.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
wanted=$1
shift

if [ -x "$wanted" ]; then
  exec "$wanted" "$here/run.js" "$@"
fi

fits() {
  [ -x "$1" ] && "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# The newest of nvm last in the order of versions, hence first here.
nvm=$(ls -1 "${NVM_DIR:-${HOME:-/nonexistent}/.nvm}/versions/node" 2>/dev/null | sed 's/^v//' | sort -t. -k1,1nr -k2,2nr -k3,3nr || true)
oldifs=$IFS
IFS='
'
set -f
for version in $nvm; do
  candidate=${NVM_DIR:-${HOME:-/nonexistent}/.nvm}/versions/node/v$version/bin/node
  if fits "$candidate"; then
    found=$candidate
    break
  fi
done
set +f
IFS=$oldifs
for candidate in "$(command -v node 2>/dev/null || true)" /opt/homebrew/bin/node /usr/local/bin/node /usr/bin/node "${found:-}"; do
  if [ -n "$candidate" ] && fits "$candidate"; then
    echo "memory_sync: $wanted is gone; using $candidate (memory_sync install-agent writes it down)" >&2
    exec "$candidate" "$here/run.js" "$@"
  fi
done
echo "memory_sync: no Node 20.19 or later: $wanted is gone, and none is on PATH, in /opt/homebrew/bin, /usr/local/bin, /usr/bin or of nvm" >&2
exit 127
