#!/usr/bin/env bash
# Installs what the tests need beside Node and is missing: redis-server (a real one, started privately by the tests),
# zsh, jq and python3 (the programs that must keep working call them), and shellcheck. Nothing is touched that is there already.
# Arguments: the tools that are wanted; default all of these.
set -euo pipefail

wanted=("$@")
[ "$#" -gt 0 ] || wanted=(redis-server zsh jq python3 shellcheck)

missing=()
for tool in "${wanted[@]}"; do
  command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "test tools: ${wanted[*]}: there"
  exit 0
fi
echo "test tools: installing ${missing[*]}"

if [ "$(uname -s)" = Darwin ]; then
  if ! command -v brew >/dev/null 2>&1; then
    echo "error: ${missing[*]} missing, and there is no Homebrew to install them with: install them by hand and try again" >&2
    exit 1
  fi
  packages=()
  for tool in "${missing[@]}"; do
    case $tool in redis-server) packages+=(redis) ;; *) packages+=("$tool") ;; esac
  done
  HOMEBREW_NO_AUTO_UPDATE=1 brew install "${packages[@]}"
elif command -v apt-get >/dev/null 2>&1; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "error: ${missing[*]} missing, and installing needs root: run 'sudo apt-get install ${missing[*]}' and try again" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  # RUNLEVEL=1 keeps the package from starting a system-wide Redis, which nobody asked for.
  install_env=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
  "${as_root[@]+"${as_root[@]}"}" apt-get update -q
  "${as_root[@]+"${as_root[@]}"}" "${install_env[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
else
  echo "error: ${missing[*]} missing, and neither apt-get nor Homebrew is here: install them by hand and try again" >&2
  exit 1
fi

for tool in "${missing[@]}"; do
  command -v "$tool" >/dev/null 2>&1 || { echo "error: $tool is still missing after the installation" >&2; exit 1; }
done
