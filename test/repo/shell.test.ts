import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { read, root } from './repository.js'

const SCRIPT = 'hooks/memory_sync.sh'
const check = (command: string, ...args: string[]): { status: number | null; said: string } => {
  const { status, stdout, stderr, error } = spawnSync(command, [...args, SCRIPT], { cwd: root, encoding: 'utf8' })
  return { status, said: error?.message ?? stdout + stderr }
}

describe(SCRIPT, () => {
  it.each([
    ['sh', '-n'],
    ['bash', '-n'],
    ['zsh', '-n'],
    ['shellcheck', '--shell=sh'],
  ])('is no fault to %s %s', (command, option) => {
    expect(check(command, option)).toEqual({ status: 0, said: '' })
  })

  it('is of the version of the product: a hub of another one declines', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    expect(read(SCRIPT)).toContain(`\nmemory_sync_version='${version}'\n`)
  })

  it('has the three lines that the installer fills in', () => {
    for (const name of ['node', 'program', 'root']) expect(read(SCRIPT)).toContain(`\nmemory_sync_${name}=''\n`)
  })
})
