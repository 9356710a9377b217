import { execFileSync, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { read, repositoryFiles, root } from './repository.js'

const hooks = repositoryFiles().filter((file) => file.startsWith('hooks/'))
const of = (extension: string): string[] => hooks.filter((file) => file.endsWith(extension))
const run = (command: string, ...args: string[]): string => execFileSync(command, args, { cwd: root, encoding: 'utf8' })

describe('what is installed into the trees of others', () => {
  it.each(of('.zsh'))('%s is valid zsh', (file) => {
    expect(run('zsh', '-n', file)).toBe('')
  })

  it.each(of('.sh'))('%s is valid sh', (file) => {
    expect(run('sh', '-n', file)).toBe('')
  })

  it.each(of('.py'))('%s is valid Python 3.9 and imports nothing but the standard library', (file) => {
    const check = `import ast, sys
tree = ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))
names = {n.name.split('.')[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names}
names |= {node.module.split('.')[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
standard = getattr(sys, 'stdlib_module_names', names)
print(sorted(names - set(standard)))`
    expect(run('python3', '-c', check, file)).toBe('[]\n')
  })

  it('is executable, but for what is read by others', () => {
    const plain = hooks.filter((file) => (statSync(`${root}/${file}`).mode & 0o111) === 0)
    expect(plain).toEqual(['hooks/memory_sync_record.zsh'])
  })

  it('holds no setting of the one who wrote it', () => {
    const filled = hooks.filter((file) => /^memory_sync_(?:node|program|root)='.+'$/m.test(read(file)))
    expect(filled).toEqual([])
  })

  const shellcheck = spawnSync('shellcheck', ['--version']).status === 0
  if (!shellcheck) process.stderr.write('not tested: there is no shellcheck here, and hooks/*.sh go without it\n')

  it.skipIf(!shellcheck || of('.sh').length === 0)('has nothing that shellcheck warns of', () => {
    const { stdout, status } = spawnSync('shellcheck', ['-S', 'warning', ...of('.sh')], { cwd: root, encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})
