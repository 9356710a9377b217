// ioredis for a process that makes one call: of its 30 ms most go into functions for every command that Redis has, and into parts
// (TLS, DNS, Cluster) that such a call does not use. They are left out, or loaded when something of them is asked for.
import {readFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import path from 'node:path'
import {filesBelow} from './files.mjs'

/** Modules of Node that are loaded when somebody uses them. */
const SELDOM_USED = /^(assert|dns|tls)$/

/** Nobody asks a light entry for a Cluster, and nobody reads what `debug` would print there. */
const LEFT_OUT = new Map([
  ['./cluster', 'module.exports = {}'],
  ['debug', 'exports.default = () => Object.assign(() => undefined, {enabled: false})'],
])

/**
 * For a bundle of ioredis in CommonJS.
 * @param {string} root of the repository
 * @returns {import('esbuild').Plugin}
 */
export const lightRedis = (root) => ({
  name: 'light-redis',
  setup(esbuild) {
    esbuild.onResolve({filter: SELDOM_USED}, ({path: name, namespace}) => (namespace === 'later' ? undefined : {path: name, namespace: 'later'}))
    esbuild.onLoad({filter: /.*/, namespace: 'later'}, ({path: name}) => ({
      contents: `module.exports = new Proxy(() => undefined, {
        get: (_, key) => require('${name}')[key],
        apply: (_, self, args) => require('${name}').apply(self, args),
      })`,
    }))

    esbuild.onResolve({filter: /^(\.\/cluster|debug)$/}, ({path: name, importer}) =>
      importer.includes('/ioredis/built/') ? {path: name, namespace: 'left-out'} : undefined,
    )
    esbuild.onLoad({filter: /.*/, namespace: 'left-out'}, ({path: name}) => ({contents: LEFT_OUT.get(name) ?? ''}))

    esbuild.onResolve({filter: /^@ioredis\/commands$/}, ({namespace}) =>
      namespace === 'commands' ? undefined : {path: 'used', namespace: 'commands'},
    )
    esbuild.onLoad({filter: /.*/, namespace: 'commands'}, async () => ({
      // The others are questions about one command, which hardly anybody asks.
      contents: `exports.list = ${JSON.stringify(await commandsUsed(root))}
        for (const name of ['exists', 'hasFlag', 'getKeyIndexes'])
          exports[name] = (...args) => require('@ioredis/commands')[name](...args)`,
      resolveDir: path.join(root, 'node_modules/ioredis'),
    }))
  },
})

/**
 * Those that our driver, or ioredis itself, calls by their names.
 * @param {string} root
 * @returns {Promise<string[]>}
 */
async function commandsUsed(root) {
  /** @type {string[]} */
  const all = createRequire(path.join(root, 'node_modules/ioredis/package.json'))('@ioredis/commands').list
  const files = [...(await filesBelow(root, 'src/store/redis')), ...(await filesBelow(root, 'node_modules/ioredis/built'))]
  const texts = await Promise.all(files.map((file) => readFile(path.join(root, file), 'utf8')))
  const called = new Set(texts.flatMap((text) => [...text.matchAll(/\.([a-z]+)(?:Buffer)?\(/g)].map(([, name]) => name)))
  return all.filter((name) => called.has(name))
}
