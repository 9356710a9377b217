import { realpathSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { relative } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { resolveAuthor } from '../../../src/config/author.js'
import { resolveRoot } from '../../../src/config/root.js'
import { afterwards } from '../../support/cleanup.js'
import { makeTempFolder } from '../../support/temp.js'

describe('the root', () => {
  it('is what the flag says, else MEMORY_SYNC_ROOT, else LUKA_SOT, else ~/02luka', () => {
    const env = { MEMORY_SYNC_ROOT: '/b', LUKA_SOT: '/c', HOME: '/h' }
    expect(resolveRoot('/a', env)).toEqual({ path: '/a', source: '--root' })
    expect(resolveRoot(undefined, env)).toEqual({ path: '/b', source: 'MEMORY_SYNC_ROOT' })
    expect(resolveRoot('', { ...env, MEMORY_SYNC_ROOT: '' })).toEqual({ path: '/c', source: 'LUKA_SOT' })
    expect(resolveRoot(undefined, { HOME: '/h', LUKA_SOT: '' })).toEqual({ path: '/h/02luka', source: 'default' })
    vi.stubEnv('HOME', '')
    afterwards(() => void vi.unstubAllEnvs())
    expect(resolveRoot(undefined, { HOME: '' })).toEqual({ path: `${userInfo().homedir}/02luka`, source: 'default' })
  })

  it('is absolute', () => {
    expect(resolveRoot('x/../y', {}).path).toBe(`${process.cwd()}/y`)
    expect(resolveRoot(undefined, { HOME: 'h' }).path).toBe(`${process.cwd()}/h/02luka`)
  })

  it('is where the kernel goes, too, where ".." stands behind a link', async () => {
    const at = realpathSync(await makeTempFolder('ms-root-'))
    await mkdir(`${at}/deep/inner`, { recursive: true })
    await symlink('deep/inner', `${at}/link`)
    await symlink('deep', `${at}/short`)
    expect(resolveRoot(`${at}/link/../x`, {}).path).toBe(`${at}/deep/x`)
    expect(resolveRoot(`${at}/short/link/../../x/`, {}).path).toBe(`${at}/x`) // there is no link in deep
    expect(resolveRoot(undefined, { HOME: `${at}/link/..` }).path).toBe(`${at}/deep/02luka`)
    expect(resolveRoot(relative(process.cwd(), `${at}/link`) + '/../x', {}).path).toBe(`${at}/deep/x`)
    // Where no link leads elsewhere a name stays as it was given.
    expect(resolveRoot(`${at}/short/inner/./..//x`, {}).path).toBe(`${at}/short/x`)
    expect(resolveRoot(`${at}/not/there/../x`, {}).path).toBe(`${at}/not/x`)
    expect(resolveRoot('/../x', {}).path).toBe('/x')
  })
})

describe('who writes', () => {
  it('is --by, else MEMORY_SYNC_AGENT, else USER, else unknown', () => {
    expect(resolveAuthor({ by: 'a' }, { MEMORY_SYNC_AGENT: 'b', USER: 'c' })).toBe('a')
    expect(resolveAuthor({ agent: 'a' }, { MEMORY_SYNC_AGENT: 'b', USER: 'c' })).toBe('a')
    expect(resolveAuthor({}, { MEMORY_SYNC_AGENT: 'b', USER: 'c' })).toBe('b')
    expect(resolveAuthor({}, { MEMORY_SYNC_AGENT: '', USER: 'c' })).toBe('c')
    expect(resolveAuthor({}, {})).toBe('unknown')
  })

  it('is not guessed where a flag is empty: the flag is named', () => {
    expect(() => resolveAuthor({ by: '' }, { USER: 'c' })).toThrow('--by is empty')
    expect(() => resolveAuthor({ agent: ' ' }, { USER: 'c' })).toThrow('--agent is empty')
  })
})
