import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pointerFileOf, stateFolderOf } from '../../../src/client/socket-path.js'
import { hubOf } from '../../../src/memory/facts/hub-facts.js'
import { rootFilesOf } from '../../../src/memory/engine.js'
import { makeTempFolder } from '../../support/temp.js'

test('a hub whose socket is in a folder of another user is not taken for one that does not run', async () => {
  const root = await makeTempFolder()
  const folder = join(root, 'sockets')
  mkdirSync(stateFolderOf(root), { recursive: true })
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(pointerFileOf(root), `${folder}/s.sock\n`)
  expect(await hubOf(root, rootFilesOf(root))).toEqual({ is: 'absent' })
  const others = process.getuid?.() === 0 ? folder : '/'
  if (others === folder) chownSync(folder, 65_534, 65_534)
  else writeFileSync(pointerFileOf(root), '/s.sock\n')
  expect(await hubOf(root, rootFilesOf(root))).toEqual({ is: 'unseen', why: `${others} is another user's` })
})
