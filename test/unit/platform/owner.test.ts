import { chownSync, closeSync, constants, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { giveToOwner, openOwned } from '../../../src/platform/owner.js'
import { makeTempFolder } from '../../support/temp.js'

const OTHER = 1_000

function make(path: string): number {
  closeSync(openOwned(path, constants.O_WRONLY | constants.O_CREAT, 0o600))
  return statSync(path).uid
}

test.runIf(process.geteuid?.() === 0)('what root makes belongs to the owner of the folder, and not where he has put a link to another folder in its place', async () => {
  const base = await makeTempFolder()
  const [theirs, roots] = [join(base, 'theirs'), join(base, 'roots')]
  mkdirSync(theirs)
  mkdirSync(roots)
  chownSync(theirs, OTHER, OTHER)
  expect(make(join(theirs, 'a'))).toBe(OTHER)
  renameSync(theirs, `${theirs}.away`)
  symlinkSync(roots, theirs)
  expect(make(join(theirs, 'b'))).toBe(0)
  writeFileSync(join(roots, 'c'), '')
  giveToOwner(join(theirs, 'c'))
  expect(statSync(join(roots, 'c')).uid).toBe(0)
})
