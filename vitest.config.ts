import {readFile} from 'node:fs/promises'
import {defineConfig, type Plugin} from 'vitest/config'

/** What `loader: {'.lua': 'text'}` is in the build: a Lua script is imported as its text. */
function luaAsText(): Plugin {
  return {
    name: 'lua-as-text',
    enforce: 'pre',
    async load(id) {
      const file = id.split('?', 1)[0] ?? id
      if (!file.endsWith('.lua')) return null
      return {code: `export default ${JSON.stringify(await readFile(file, 'utf8'))}`, map: null}
    },
  }
}

interface Tier {
  name: string
  testTimeoutMs: number
  /** True: the tests run the built program, so dist/ has to be fresh. */
  needsBuild?: boolean
}

const tiers: Tier[] = [
  {name: 'unit', testTimeoutMs: 30_000},
  {name: 'contract', testTimeoutMs: 60_000},
  {name: 'property', testTimeoutMs: 60_000},
  {name: 'sim', testTimeoutMs: 300_000},
  {name: 'integration', testTimeoutMs: 60_000},
  {name: 'e2e', testTimeoutMs: 120_000, needsBuild: true},
  {name: 'fault', testTimeoutMs: 120_000, needsBuild: true},
  {name: 'repo', testTimeoutMs: 120_000, needsBuild: true},
]

export default defineConfig({
  test: {
    // Processes, not threads: tests change the working directory, send signals and fill the disk.
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: tiers.map((tier) => ({
      plugins: [luaAsText()],
      // As in the build: jsonc-parser's module field, not the UMD of its main.
      ssr: {resolve: {mainFields: ['module', 'main']}},
      test: {
        server: {deps: {inline: ['jsonc-parser']}},
        name: tier.name,
        include: [`test/${tier.name}/**/*.test.ts`],
        exclude: ['**/node_modules/**', '**/fixtures/**'],
        environment: 'node',
        // @oclif/core's captureOutput replaces the streams itself, and loses to vitest's interception.
        disableConsoleIntercept: true,
        setupFiles: ['./test/support/setup.ts'],
        ...(tier.needsBuild === true ? {globalSetup: ['./test/support/build.ts']} : {}),
        testTimeout: tier.testTimeoutMs,
        hookTimeout: 60_000,
      },
    })),
  },
})
