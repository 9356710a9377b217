// Builds dist/ (bundled JavaScript) and oclif.manifest.json. The declarations of the library take several times as long and
// are needed by nobody who only runs the program: `npm run build:types`.
// One bundle an entry, with shared chunks, dependencies included: a command loads only what it uses.
// `--if-stale`: nothing is done when no input has changed since the last build.
// `--check-manifest`: fails instead of writing when the manifest in the repository is not that of the commands.
import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, readFileSync} from 'node:fs'
import {readFile, rename, rm, writeFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {filesBelow} from './files.mjs'
import {lightRedis} from './light-redis.mjs'
import {makeManifest} from './manifest.mjs'
import {findRedisServer} from './redis-server.cjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

/** Entries beside the commands (src/commands), which are found by their folder. */
const ENTRY_POINTS = ['src/index.ts', 'src/cli/main.ts']

/**
 * What runs before, or without, the framework: CommonJS, one file each, because loading ES modules and many files is most of what
 * a command costs. `fast` holds nothing but the way to the hub; `self` is loaded when there is none.
 */
const LIGHT_ENTRY_POINTS = {fast: 'src/cli/fast.ts', self: 'src/cli/self.ts'}

/** Large, and not needed by every call: files beside the light entries, which bin/run.js loads when they are asked for. By what they are imported as. */
const LIGHT_PARTS = {ioredis: 'ioredis', './schema.js': 'src/config/schema.ts'}

/** In dist: what the redis-server said of itself that the code caches were made with. */
const REDIS_TRIED = '.redis-tried'

// oclif reaches for these to run sources without a build, which we never do; bundling the compiler would cost 9 MB.
const NOT_BUNDLED = ['typescript', 'ts-node', 'tsx']

// Bundled CommonJS packages call require() and look for files beside themselves; an ES module has neither.
const BANNER = `import {createRequire as __createRequire} from 'node:module'
import {fileURLToPath as __fileURLToPath} from 'node:url'
import {dirname as __pathDirname} from 'node:path'
const require = __createRequire(import.meta.url)
const __filename = __fileURLToPath(import.meta.url)
const __dirname = __pathDirname(__filename)`

/**
 * `const {Redis} = await import('ioredis')` works unbundled, and is undefined in a bundle with splitting: the chunk of a
 * CommonJS package has a default export only. A static import inside a module of ours, itself imported dynamically, works.
 * @type {import('esbuild').Plugin}
 */
const refuseDynamicImportOfCommonJs = {
  name: 'refuse-dynamic-import-of-commonjs',
  setup(esbuild) {
    esbuild.onResolve({filter: /^[^./]/}, async ({path: name, kind, importer, resolveDir}) => {
      if (kind !== 'dynamic-import' || name.startsWith('node:') || importer.includes('node_modules')) return undefined
      const resolved = await esbuild.resolve(name, {kind: 'import-statement', importer, resolveDir})
      if (resolved.errors.length > 0 || (await isEsModule(resolved.path))) return undefined
      const way = 'import it statically in a module of src/, and import that module dynamically'
      return {errors: [{text: `import('${name}') of a CommonJS package has no named exports in the bundle: ${way}`}]}
    })
  },
}

/** @type {import('esbuild').Plugin} */
const partsBeside = {
  name: 'parts-beside',
  setup(esbuild) {
    for (const [name, entry] of Object.entries(LIGHT_PARTS)) {
      const filter = new RegExp(`^${name.replaceAll('.', '\\.')}$`)
      esbuild.onResolve({filter}, ({importer}) => {
        // Any folder may have a file of this name.
        if (name.startsWith('.') && path.resolve(path.dirname(importer), name).replace(/\.js$/, '.ts') !== path.join(root, entry)) return undefined
        return {path: `./${partFileOf(name)}.cjs`, external: true}
      })
    }
  },
}

/**
 * Of a package that does not say so itself: a module of which nothing is used need not run. One of jsonc-parser makes twelve hundred
 * texts for an editor when it is loaded, and a process that makes one call edits nothing.
 * @type {import('esbuild').Plugin}
 */
const onlyWhatIsUsed = {
  name: 'only-what-is-used',
  setup(esbuild) {
    esbuild.onResolve({filter: /^(jsonc-parser|\.\/impl\/\w+|\.\/(scanner|parser|format|edit|string-intern))$/}, async ({path: name, kind, importer, resolveDir, pluginData}) => {
      if (pluginData === onlyWhatIsUsed || (name !== 'jsonc-parser' && !importer.includes('/jsonc-parser/'))) return undefined
      return {...(await esbuild.resolve(name, {kind, importer, resolveDir, pluginData: onlyWhatIsUsed})), sideEffects: false}
    })
  },
}

/**
 * oclif warns on stderr when it is loaded in a folder that does not exist any more, whatever is asked of it. Who needs that folder says so
 * with its exit code (src/cli/places.ts), and with --json stderr stays empty.
 * @type {import('esbuild').Plugin}
 */
const noWarningOfFolder = {
  name: 'no-warning-of-folder',
  setup(esbuild) {
    esbuild.onLoad({filter: /\/@oclif\/core\/lib\/index\.js$/}, async ({path: file}) => {
      const text = await readFile(file, 'utf8')
      const contents = text.replace(/^checkCWD\(\);$/m, '')
      if (contents === text) throw new Error(`${file} does not call checkCWD any more: look whether it still warns`)
      return {contents}
    })
  },
}

const partFileOf = (/** @type {string} */ name) => path.basename(name, '.js')

const sources = await filesBelow(root, 'src')
const inputs = await hashOfInputs()
const inputsFile = path.join(dist, '.inputs')

if (process.argv.includes('--if-stale') && (await isFresh())) process.exit(0)

// Built aside and then swapped in, so that a command that runs meanwhile never sees half a build.
const fresh = path.join(root, `.dist-${process.pid}`)
try {
  await bundle(fresh)
  await bundleLight(fresh)
  makeCodeCaches(fresh)
  await writeFile(path.join(fresh, REDIS_TRIED), findRedisServer()?.version ?? '')
  await writeFile(path.join(fresh, '.inputs'), inputs)
  await swapIn(fresh)
} finally {
  await rm(fresh, {recursive: true, force: true})
}

await writeManifest()

async function isFresh() {
  const built = await readFile(inputsFile, 'utf8').catch(() => '')
  return built === inputs && existsSync(path.join(root, 'oclif.manifest.json')) && !lacksCachesOfRedis()
}

/** They were made without a redis-server, and now there is one. One that does not start was tried once. */
function lacksCachesOfRedis() {
  const {cacheFileOf} = createRequire(import.meta.url)('../bin/run.js')
  if (existsSync(cacheFileOf(path.join(dist, 'ioredis.cjs'), ''))) return false
  const tried = path.join(dist, REDIS_TRIED)
  return ![undefined, existsSync(tried) ? readFileSync(tried, 'utf8') : ''].includes(findRedisServer()?.version)
}

async function hashOfInputs() {
  const others = ['package.json', 'package-lock.json', 'tsconfig.json']
  const files = [...sources, ...others, ...(await filesBelow(root, 'scripts')), ...(await filesBelow(root, 'types')), ...(await filesBelow(root, 'bin'))]
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\0`) // the code caches are of this Node
  for (const file of files) hash.update(`${file}\0`).update(await readFile(path.join(root, file))).update('\0')
  return `${hash.digest('hex')}\n`
}

async function bundle(/** @type {string} */ outdir) {
  const entryPoints = sources.filter(
    (file) => ENTRY_POINTS.includes(file) || (/^src\/commands\/.+\.ts$/.test(file) && !file.endsWith('.d.ts')),
  )
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    external: NOT_BUNDLED,
    plugins: [refuseDynamicImportOfCommonJs, onlyWhatIsUsed, noWarningOfFolder],
    outbase: 'src',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // jsonc-parser's main is UMD, which no bundler can follow; its module field names the same code as ESM.
    mainFields: ['module', 'main'],
    target: 'node20',
    // Not among the commands: there, oclif would take a chunk for one.
    chunkNames: 'chunks/[name]-[hash]',
    loader: {'.lua': 'text'},
    define: {MEMORY_SYNC_BUILD: JSON.stringify(inputs.slice(0, 12))},
    banner: {js: BANNER},
    // No keepNames: it sets a property on every function that is made, closures in the hot loops of packages included. Identifiers
    // are not minified, so names of classes stay but where two modules share one.
    minifySyntax: true,
    legalComments: 'linked',
    logLevel: 'warning',
  })
}

/** Loaded by name from bin/run.js, which is CommonJS as well. */
async function bundleLight(/** @type {string} */ outdir) {
  /** @type {import('esbuild').BuildOptions} */
  const options = {
    absWorkingDir: root,
    outdir,
    outExtension: {'.js': '.cjs'},
    bundle: true,
    format: 'cjs',
    platform: 'node',
    mainFields: ['module', 'main'],
    target: 'node20',
    supported: {'dynamic-import': false}, // what is imported dynamically is required
    loader: {'.lua': 'text'},
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'linked',
    logLevel: 'warning',
  }
  await build({...options, entryPoints: LIGHT_ENTRY_POINTS, plugins: [partsBeside, onlyWhatIsUsed]})
  for (const name of Object.keys(LIGHT_ENTRY_POINTS)) await copyNoBuiltins(path.join(outdir, `${name}.cjs`))
  await build({...options, entryPoints: Object.fromEntries(Object.entries(LIGHT_PARTS).map(([name, entry]) => [partFileOf(name), entry])), plugins: [lightRedis(root)]})
}

/**
 * `import fs from 'node:fs'` becomes a copy of the whole module, one getter after another, for each module that has it. Its default
 * is all that is asked for, and that is the module.
 */
async function copyNoBuiltins(/** @type {string} */ file) {
  const text = await readFile(file, 'utf8')
  const copies = [...text.matchAll(/(\w+)=__toESM\(require\("(node:[\w/]+)"\),1\)/g)]
  for (const [, variable, builtin] of copies) {
    if (new RegExp(`\\b${variable}\\.(?!default\\b)`).test(text)) throw new Error(`${file} takes more of ${builtin} than its default: import both by name`)
  }

  await writeFile(file, copies.reduce((whole, [copy, variable, builtin]) => whole.replaceAll(copy, `${variable}={default:require("${builtin}")}`), text))
}

/** Without them a call is slower, and nothing else. In the new folder: V8 tells a cache from that of other sources by their length alone. */
function makeCodeCaches(/** @type {string} */ folder) {
  const made = spawnSync(process.execPath, [path.join(root, 'scripts/code-cache.cjs'), folder], {encoding: 'utf8'})
  if (made.status !== 0) process.stderr.write(`memory_sync will start more slowly: no code cache could be made: ${made.stderr}\n`)
}

async function isEsModule(/** @type {string} */ file) {
  if (!file.endsWith('.js')) return file.endsWith('.mjs')
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) return JSON.parse(text).type === 'module'
  }

  return false
}

async function swapIn(/** @type {string} */ folder) {
  for (let attempt = 1; ; attempt++) {
    const old = path.join(root, `.dist-${process.pid}-old${attempt}`)
    try {
      await rename(dist, old).catch(unless('ENOENT'))
      await rename(folder, dist)
      return
    } catch (error) {
      // Another build has put its own there in between; both are of the same sources or the next --if-stale sees it.
      if (attempt === 5) throw error
      unless('ENOTEMPTY', 'EEXIST')(error)
    } finally {
      await rm(old, {recursive: true, force: true})
    }
  }
}

function unless(/** @type {string[]} */ ...codes) {
  return (/** @type {unknown} */ error) => {
    if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) throw error
  }
}

/** Written only when it differs, so that a build does not touch a file under version control for nothing. */
async function writeManifest() {
  const file = path.join(root, 'oclif.manifest.json')
  const manifest = await makeManifest(root)
  if (manifest === (await readFile(file, 'utf8').catch(() => ''))) return
  if (process.argv.includes('--check-manifest')) {
    throw new Error('oclif.manifest.json is not that of the commands: run `npm run build` and commit it')
  }

  await writeFile(`${file}.${process.pid}`, manifest)
  await rename(`${file}.${process.pid}`, file)
}
