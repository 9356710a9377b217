/** The simulation as one file, with some places of the source replaced: small limits, or a mutant. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { SCALE } from './scale.js'

export interface Replacement {
  /** Below the root of the repository. */
  file: string
  /** Occurs there exactly once. */
  find: string
  replace: string
}

const repository = fileURLToPath(new URL('../..', import.meta.url))

export async function bundleSimulation(outfile: string, replacements: readonly Replacement[] = []): Promise<void> {
  const all = [...SCALE, ...replacements]
  const sources = await replaced(all)
  await build({
    entryPoints: [path.join(repository, 'test/sim/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    plugins: [replacing(sources)],
  })
}

/** Texts by absolute path. Throws where a place is not to be found, or is more than one. */
export async function replaced(replacements: readonly Replacement[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const { file, find, replace } of replacements) {
    const at = path.join(repository, file)
    const text = texts.get(at) ?? (await readFile(at, 'utf8'))
    const times = text.split(find).length - 1
    if (times !== 1) throw new Error(`does not apply any more: ${JSON.stringify(find)} occurs ${times} times in ${file}`)
    texts.set(at, text.replace(find, () => replace))
  }
  return texts
}

const replacing = (texts: ReadonlyMap<string, string>): Plugin => ({
  name: 'replacing',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path: at }) => {
      const contents = texts.get(at)
      return contents === undefined ? undefined : { contents, loader: 'ts' }
    })
  },
})
