#!/usr/bin/env node
import {existsSync} from 'node:fs'

// oclif's settings, before it is loaded: with NODE_ENV=test or development it would otherwise load the TypeScript compiler
// and look for sources instead of dist/.
Object.assign(globalThis, {oclif: {enableAutoTranspile: false}})

// A clone that was not built yet: say what to do instead of showing a module loader's stack.
const entry = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(entry)) {
  const {main} = await import(entry.href)
  await main(import.meta.url)
} else {
  process.stderr.write('memory_sync is not built yet: run `npm ci && npm run build`\n')
  process.exitCode = 70
}
