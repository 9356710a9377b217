import type {Reporter, SerializedError, TestModule} from 'vitest/node'

/**
 * Ends a run with `N passed, N failed` alone on a line. A file that could not be loaded, a suite whose hook failed
 * and an error outside any test count as one failure each: none of them may hide behind "0 failed".
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const {state} = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped += 1
        else failed += 1 // 'pending' too: it never came to an end
      }
    }

    process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  }
}
