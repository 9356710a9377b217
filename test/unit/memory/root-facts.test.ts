import { mkdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { inboxOf } from '../../../src/memory/facts/root-facts.js'
import { makeTempFolder } from '../../support/temp.js'

test('a rejected drop counts once, with the file beside it that says why', async () => {
  const root = await makeTempFolder()
  const rejected = `${root}/bridge/memory/processed/rejected`
  await mkdir(rejected, { recursive: true })
  await mkdir(`${root}/bridge/memory/inbox`)
  for (const name of ['gc_context_1.json', 'gc_context_1.json.reason', 'noformat.json', 'noformat.json.reason', 'lonely.reason']) await writeFile(`${rejected}/${name}`, 'x')
  expect(inboxOf(root)).toEqual({ is: 'there', rejected: 3, strays: [] })
})
