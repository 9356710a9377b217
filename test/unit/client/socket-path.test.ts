import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { fitsSocket, MAX_PATH_BYTES, placeOf, pointerFileOf, socketCandidates, stateFolderOf, usualSocketPath, whyUnseen } from '../../../src/client/socket-path.js'
import { shortFolderOf, socketPathFor } from '../../../src/hub/socket-location.js'
import { makeTempFolder } from '../../support/temp.js'

const rootOfLength = (bytes: number): string => {
  const rest = usualSocketPath('/').length
  return `/${'r'.repeat(bytes - rest - 1)}`
}

test('a path of 100 bytes is used as it is, a longer one is not', () => {
  const fits = rootOfLength(MAX_PATH_BYTES)
  expect(Buffer.byteLength(usualSocketPath(fits))).toBe(MAX_PATH_BYTES)
  expect(socketPathFor(fits, 501, fits)).toBe(usualSocketPath(fits))
  const short = socketPathFor(`${fits}r`, 501, `${fits}r`)
  expect(short.startsWith('/tmp/memory_sync-501/')).toBe(true)
  expect(fitsSocket(short)).toBe(true)
})

test('bytes count, not characters', () => {
  expect(fitsSocket('/'.padEnd(60, 'é'))).toBe(false)
})

test('another root gets another short path, the same one always the same', () => {
  const long = rootOfLength(200)
  expect(socketPathFor(long, 501, '/a')).toBe(socketPathFor(long, 501, '/a'))
  expect(socketPathFor(long, 501, '/a')).not.toBe(socketPathFor(long, 501, '/b'))
})

test('neither TMPDIR nor XDG_RUNTIME_DIR moves it', () => {
  const before = socketPathFor(rootOfLength(200), 501, '/a')
  process.env['TMPDIR'] = '/elsewhere'
  process.env['XDG_RUNTIME_DIR'] = '/elsewhere'
  try {
    expect(socketPathFor(rootOfLength(200), 501, '/a')).toBe(before)
  } finally {
    delete process.env['TMPDIR']
    delete process.env['XDG_RUNTIME_DIR']
  }
})

test('a path named in the root is believed only in a folder that is private to this user', async () => {
  const root = await makeTempFolder()
  const folder = path.join(root, 'sockets')
  mkdirSync(stateFolderOf(root), { recursive: true })
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(pointerFileOf(root), `${folder}/s.sock\n`)
  expect([...socketCandidates(root)]).toEqual([usualSocketPath(root), `${folder}/s.sock`])
  chmodSync(folder, 0o755)
  expect([...socketCandidates(root)]).toEqual([usualSocketPath(root)])
  writeFileSync(pointerFileOf(root), `${shortFolderOf(99_999_999)}/s.sock\n`)
  expect([...socketCandidates(root)]).toEqual([usualSocketPath(root)])
})

test('a root has one place under all its names, and a copy has another', async () => {
  const folder = await makeTempFolder()
  const [root, copy, alias] = ['root', 'copy', 'alias'].map((name) => path.join(folder, name)) as [string, string, string]
  for (const one of [root, copy]) mkdirSync(stateFolderOf(one), { recursive: true })
  symlinkSync(root, alias)
  expect(placeOf(alias)).toBe(placeOf(root))
  expect(placeOf(copy)).not.toBe(placeOf(root))
  expect(placeOf(path.join(folder, 'none'))).toBeNull()
  expect([...socketCandidates(alias)]).toContain(usualSocketPath(root))
})

test('whether a hub runs whose socket is in a folder of another user cannot be seen', async () => {
  const root = await makeTempFolder()
  const folder = path.join(root, 'sockets')
  mkdirSync(stateFolderOf(root), { recursive: true })
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(pointerFileOf(root), `${folder}/s.sock\n`)
  expect(whyUnseen(root)).toBeNull()
  const others = process.getuid?.() === 0 ? folder : '/'
  if (others === folder) chownSync(folder, 65_534, 65_534)
  else writeFileSync(pointerFileOf(root), '/s.sock\n')
  expect(whyUnseen(root)).toBe(`${others} is another user's`)
})
