import { userInfo } from 'node:os'
import { describe, expect, it, vi } from 'vitest'
import { resolveAuthor } from '../../../src/config/author.js'
import { resolveRoot } from '../../../src/config/root.js'
import { afterwards } from '../../support/cleanup.js'

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
})

describe('who writes', () => {
  it('is --by, else MEMORY_SYNC_AGENT, else USER, else unknown', () => {
    expect(resolveAuthor('a', { MEMORY_SYNC_AGENT: 'b', USER: 'c' })).toBe('a')
    expect(resolveAuthor('', { MEMORY_SYNC_AGENT: 'b', USER: 'c' })).toBe('b')
    expect(resolveAuthor(undefined, { MEMORY_SYNC_AGENT: '', USER: 'c' })).toBe('c')
    expect(resolveAuthor(undefined, {})).toBe('unknown')
  })
})
