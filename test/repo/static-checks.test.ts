import {spawnSync} from 'node:child_process'
import {ESLint} from 'eslint'
import {describe, expect, it} from 'vitest'
import {filesBelow} from '../../scripts/files.mjs'
import {root} from './repository.js'

describe('the layer check', () => {
  it('passes, has seen every module of src, and each of its rules can fail', async () => {
    const {stdout, stderr, status} = spawnSync(process.execPath, ['scripts/check-layers.mjs'], {cwd: root, encoding: 'utf8'})
    expect(stderr).toBe('')
    const modules = (await filesBelow(root, 'src')).filter((file) => file.endsWith('.ts'))
    expect(stdout).toMatch(new RegExp(`^layers: ${modules.length} modules seen, .* planted violation: yes; 0 problems$`, 'm'))
    expect(status).toBe(0)
  })
})

describe('the lint', () => {
  const eslint = new ESLint({cwd: root})
  // Linted in place of a file that exists, because the typed rules know only files of the project.
  const rulesBrokenBy = async (code: string, file: string): Promise<string[]> => {
    const [result] = await eslint.lintText(code, {filePath: file})
    return (result?.messages ?? []).map((message) => message.ruleId ?? message.message)
  }

  const engine = 'src/errors/errors.ts'
  it.each([
    ['a promise that nobody awaits', 'export function f(): void { Promise.resolve() }', '@typescript-eslint/no-floating-promises'],
    ['a promise where a truth value is meant', 'export const f = () => { if (Promise.resolve(1)) return }', '@typescript-eslint/no-misused-promises'],
    ['any', 'export const f = (x: any): unknown => x', '@typescript-eslint/no-explicit-any'],
    ['a switch that forgets a case', "export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1 } return 2 }", '@typescript-eslint/switch-exhaustiveness-check'],
    ['a thrown string', "export const f = () => { throw 'x' }", '@typescript-eslint/only-throw-error'],
    ['a way to make folders that may not end', "import fs from 'node:fs'\nexport const f = () => fs.mkdirSync('/x', { recursive: true })", 'no-restricted-syntax'],
    ['the same under its own name', "import { mkdir } from 'node:fs/promises'\nexport const f = () => mkdir('/x', { mode: 0o700, recursive: true })", 'no-restricted-syntax'],
    ['process.exit below the command line', 'export const f = () => process.exit(1)', 'no-restricted-properties'],
    ['process.env below the command line', "export const f = process.env['X']", 'no-restricted-properties'],
    ['process.env by its import', "import {env} from 'node:process'\nexport const f = env", 'no-restricted-imports'],
    ['a part that a hub may come to load when it is gone', "export const f = () => import('node:fs')", 'no-restricted-syntax'],
    ['console below the command line', "export const f = () => console.log('x')", 'no-console'],
  ])('reports %s', async (_what, code, rule) => {
    expect(await rulesBrokenBy(code, engine)).toContain(rule)
  })

  it('lets the command line use the process', async () => {
    expect(await rulesBrokenBy("export const f = () => process.env['X']", 'src/cli/main.ts')).toEqual([])
  })
})
