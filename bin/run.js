#!/usr/bin/env node
// CommonJS (bin/package.json), because loading the first ES module costs milliseconds, and most calls need none.
'use strict'
const {existsSync, readFileSync} = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

const dist = path.join(__dirname, '../dist')
const framework = path.join(dist, 'cli/main.js')

/**
 * Runs a CommonJS file of dist/ as require() does, with what V8 made of it at build time: compiling it anew is most of what a call costs.
 * The file is ASCII (the build sees to it), and read as UTF-8, for which Node has a short way.
 * @param {string} file its path
 * @param {string} [purpose] of which cache; not every file has one for each
 * @returns {{exports: any, script: vm.Script}}
 */
function load(file, purpose = '') {
  const text = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`
  const script = new vm.Script(text, {filename: file, cachedData: cacheOf(file, purpose)})
  const module = {exports: {}}
  script.runInThisContext()(module.exports, requireFrom(file), module, file, path.dirname(file))
  return {exports: module.exports, script}
}

/**
 * Files beside this one are loaded in the same way.
 * @param {string} file
 * @returns {(name: string) => unknown}
 */
function requireFrom(file) {
  return (name) => (name.startsWith('./') ? loadOnce(path.join(path.dirname(file), name)).exports : require(name))
}

/** @type {Map<string, ReturnType<typeof load>>} */
const loaded = new Map()

/**
 * @param {string} file
 * @param {string} [purpose]
 */
function loadOnce(file, purpose) {
  const present = loaded.get(file) ?? load(file, purpose)
  loaded.set(file, present)
  return present
}

/**
 * @param {string} file
 * @param {string} purpose
 */
function cacheOf(file, purpose) {
  try {
    return readFileSync(cacheFileOf(file, purpose))
  } catch {
    return undefined // of another Node, or none was made: it is compiled
  }
}

/**
 * Of V8's code caches, only one of this very Node is worth a try; V8 refuses what it cannot use, and compiles.
 * @param {string} file
 * @param {string} purpose
 */
function cacheFileOf(file, purpose) {
  return `${file}${purpose && `.${purpose}`}.${process.version}-${process.platform}-${process.arch}.v8cache`
}

/** oclif asks the system for what is not set here, and dies of a user whom it does not know. Then it is what login(1) takes, as in src/config/root.ts. */
function nameUnknownUser() {
  const {HOME, SHELL} = process.env
  if (HOME !== undefined && SHELL !== undefined) return
  try {
    require('node:os').userInfo()
  } catch {
    Object.assign(process.env, {HOME: HOME ?? '/', SHELL: SHELL ?? '/bin/sh'})
  }
}

function run() {
  void load(path.join(dist, 'fast.cjs')).exports.fast({
    version: JSON.parse(readFileSync(path.join(__dirname, '../package.json'), 'utf8')).version, // require() takes a hundred times as long
    loadSelf: (/** @type {string} */ purpose) => loadOnce(path.join(dist, 'self.cjs'), purpose).exports,
    async loadFramework() {
      // oclif's settings, before it is loaded: with NODE_ENV=test or development it would otherwise load the TypeScript
      // compiler and look for sources instead of dist/.
      Object.assign(globalThis, {oclif: {enableAutoTranspile: false}})
      nameUnknownUser()
      const {pathToFileURL} = require('node:url') // a folder's name may have a # or a % in it
      const {main} = await import(pathToFileURL(framework).href)
      await main(path.join(__dirname, '../package.json'))
    },
  })
}

if (require.main !== module) {
  module.exports = {load, loaded, cacheFileOf} // for the build
} else if (existsSync(framework)) {
  run()
} else {
  // A clone that was not built yet: say what to do instead of showing a module loader's stack.
  process.stderr.write('memory_sync is not built yet: run `npm ci && npm run build`\n')
  process.exitCode = 70
}
