import {execFileSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'

/** Before the tiers that run the built program: a test of yesterday's dist/ proves nothing. Throws when the build fails. */
export default function setup(): void {
  const script = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))
  execFileSync(process.execPath, [script, '--if-stale'], {stdio: ['ignore', 'ignore', 'inherit']})
}
