// `node test/bench/run.mjs NAME [WORD ..]`: builds the product if it is stale, bundles test/bench/NAME.ts and runs it. With words
// only the sections whose names contain one of them.
import {execFileSync} from 'node:child_process'
import path from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {build} from 'esbuild'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const [name = 'main'] = process.argv.slice(2)

/** The helpers of the tests clean up through vitest; here the end of the bench does. */
const withoutVitest = {
  name: 'without-vitest',
  /** @param {import('esbuild').PluginBuild} esbuild */
  setup(esbuild) {
    esbuild.onResolve({filter: /^vitest$/}, () => ({path: 'vitest', namespace: 'stub'}))
    esbuild.onLoad({filter: /.*/, namespace: 'stub'}, () => ({
      contents: 'export const TestRunner = {getCurrentTest: () => undefined}; export const onTestFinished = () => undefined',
    }))
  },
}

execFileSync(process.execPath, [path.join(repository, 'scripts/build.mjs'), '--if-stale'], {stdio: 'inherit'})
// Two folders deep, as the sources are: their paths to bin/ and dist/ hold.
const outfile = path.join(repository, 'node_modules/.cache', `bench-${name}-${process.pid}.mjs`)
await build({
  entryPoints: [path.join(repository, 'test/bench', `${name}.ts`)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  mainFields: ['module', 'main'],
  packages: 'external',
  loader: {'.lua': 'text'},
  logLevel: 'error',
  plugins: [withoutVitest],
})
process.argv.splice(2, 1)
await import(pathToFileURL(outfile).href)
