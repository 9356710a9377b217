import {existsSync} from 'node:fs'
import path from 'node:path'
import {describe, expect, it} from 'vitest'
import {read, repositoryFiles, root} from './repository.js'

interface PackageJson {
  version: string
  files: string[]
  engines: {node: string}
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}
const pkg = JSON.parse(read('package.json')) as PackageJson

describe('the packages', () => {
  it('have exact versions', () => {
    const loose = Object.entries({...pkg.dependencies, ...pkg.devDependencies}).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    expect(loose).toEqual([])
  })

  it('are locked by content, without the addresses they came from', () => {
    const lock = JSON.parse(read('package-lock.json')) as {version: string; packages: Record<string, {resolved?: string; integrity?: string}>}
    const packages = Object.entries(lock.packages).filter(([name]) => name !== '')
    expect(packages.filter(([, {resolved}]) => resolved !== undefined).map(([name]) => name)).toEqual([])
    expect(packages.filter(([, {integrity}]) => integrity === undefined).map(([name]) => name)).toEqual([])
    expect(lock.version).toBe(pkg.version)
  })

  it('leave TypeScript below 7, with which the layer check would see nothing', () => {
    expect(Number.parseInt(pkg.devDependencies['typescript'] ?? '', 10)).toBeLessThan(7)
  })
})

describe('the package', () => {
  it('has every page that its README, or a page of it, leads to', () => {
    const isPacked = (file: string): boolean => [...pkg.files, 'README.md', 'LICENSE', 'package.json'].some((part) => file === part || file.startsWith(`${part}/`))
    const pages = repositoryFiles().filter((file) => file.endsWith('.md') && isPacked(file))
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/settings.md']))
    const links = pages.flatMap((page) => [...read(page).matchAll(/\]\((?![a-z]+:)([^)#]+)/g)].map(([, to = '']) => path.join(path.dirname(page), to).replace(/\/$/, '')))
    expect(links.filter((file) => !isPacked(file) || !existsSync(path.join(root, file)))).toEqual([])
  })
})

describe('the README', () => {
  it('starts with two commands, to install it and to test it, that work in a fresh clone', () => {
    const [first, second] = [...read('README.md').matchAll(/^```sh\n(.+)\n/gm)].map((match) => match[1] ?? '')
    expect(first).toBe('npm ci && npm run setup')
    expect(second).toBe('npm ci && npm test')
    expect(Object.keys(pkg.scripts)).toEqual(expect.arrayContaining(['setup', 'quickstart', 'test', 'test:smoke', 'build', 'lint']))
  })
})
