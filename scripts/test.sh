#!/usr/bin/env bash
# Everything that has to hold before a change goes in: tools, build, static checks, all tests. Ends at the first step that
# fails. The last line of output is the count of tests; a step that failed before them counts as the one failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

current=
step() {
  current=$1
  printf '\n== %s\n' "$1"
}
trap 'printf "\nstopped at: %s; no test was run\n\n0 passed, 1 failed\n" "$current"' ERR

step 'tools of the tests'
bash scripts/ensure-test-tools.sh
step 'build'
node scripts/build.mjs --check-manifest
npm run --silent build:types
step 'types, layers, lint'
npm run --silent lint
step 'tests'
exec npm run --silent test:all </dev/null
