import {onTestFinished, TestRunner} from 'vitest'

type Cleanup = () => Promise<void> | void

const leftForTheEndOfTheFile = new Set<Cleanup>()

/**
 * Runs `cleanup` when the current test ends; when called outside a test (beforeAll, beforeEach, top level), when the
 * test file ends. Latest first, so that what was made last goes first.
 */
export function afterwards(cleanup: Cleanup): void {
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(cleanup)
  else leftForTheEndOfTheFile.add(cleanup)
}

/** Called by setup.ts after the last test of a file. All are tried; what failed is thrown at the end. */
export async function runCleanups(): Promise<void> {
  const failures: unknown[] = []
  for (const cleanup of [...leftForTheEndOfTheFile].reverse()) {
    try {
      await cleanup()
    } catch (error) {
      failures.push(error)
    }
  }

  leftForTheEndOfTheFile.clear()
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up after the test file failed')
}
