#!/usr/bin/env node
// CommonJS (bin/package.json), because loading the first ES module costs milliseconds, and most calls need none.
'use strict'
const {existsSync} = require('node:fs')
const path = require('node:path')

const dist = path.join(__dirname, '../dist')
const framework = path.join(dist, 'cli/main.js')

// A clone that was not built yet: say what to do instead of showing a module loader's stack.
if (existsSync(framework)) {
  const {fast} = require(path.join(dist, 'fast.cjs'))
  void fast({
    version: require('../package.json').version,
    loadSelf: () => require(path.join(dist, 'self.cjs')),
    async loadFramework() {
      // oclif's settings, before it is loaded: with NODE_ENV=test or development it would otherwise load the TypeScript
      // compiler and look for sources instead of dist/.
      Object.assign(globalThis, {oclif: {enableAutoTranspile: false}})
      const {pathToFileURL} = require('node:url') // a folder's name may have a # or a % in it
      const {main} = await import(pathToFileURL(framework).href)
      await main(path.join(__dirname, '../package.json'))
    },
  })
} else {
  process.stderr.write('memory_sync is not built yet: run `npm ci && npm run build`\n')
  process.exitCode = 70
}
