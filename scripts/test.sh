#!/usr/bin/env bash
# Everything that has to hold before a change goes in: tools, build, static checks, all tests. Ends at the first step that
# fails; the last line of output is the count of tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$1"; }

step 'tools of the tests'
bash scripts/ensure-test-tools.sh
step 'build'
node scripts/build.mjs --check-manifest
step 'types, layers, lint'
npm run --silent lint
step 'tests'
exec npm run --silent test:all </dev/null
