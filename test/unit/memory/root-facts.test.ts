import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { inboxOf, leftoversOf } from '../../../src/memory/facts/root-facts.js'
import { makeTempFolder } from '../../support/temp.js'

test('a rejected drop counts once, with the file beside it that says why', async () => {
  const root = await makeTempFolder()
  const rejected = `${root}/bridge/memory/processed/rejected`
  await mkdir(rejected, { recursive: true })
  await mkdir(`${root}/bridge/memory/inbox`)
  for (const name of ['gc_context_1.json', 'gc_context_1.json.reason', 'noformat.json', 'noformat.json.reason', 'lonely.reason']) await writeFile(`${rejected}/${name}`, 'x')
  expect(inboxOf(root)).toEqual({ is: 'there', rejected: 3, strays: [] })
})

test('a lease that was never written to its end is a leftover once nobody can still be at it', async () => {
  const root = await makeTempFolder()
  const leases = `${root}/shared_memory/.memory_sync/leases`
  await mkdir(leases, { recursive: true })
  const [old, fresh] = [`${leases}/tmp-0123456789abcdef`, `${leases}/tmp-fedcba9876543210`]
  for (const path of [old, fresh, `${leases}/deploy.5`]) await writeFile(path, '{"na')
  await utimes(old, 1, 1)
  await utimes(`${leases}/deploy.5`, 1, 1)
  expect(leftoversOf(root, Date.now())).toEqual([old])
})
