#!/bin/sh
# A systemd for one user, of a test's own: its own mount namespace, its own cgroups, its own run directory ($1), its own home ($2).
set -eu
for hierarchy in systemd unified; do
  group=/sys/fs/cgroup/$hierarchy/memory_sync-test-$$
  mkdir "$group"
  echo $$ > "$group/cgroup.procs"
done
# What the manager looks for to know that systemd runs here; only this namespace sees it.
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$2" XDG_RUNTIME_DIR="$1" \
  "$3" --user --unit=basic.target --log-target=console --log-level=warning
