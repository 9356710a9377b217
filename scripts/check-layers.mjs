// Checks the layers of src/, and the check: with a TypeScript that dependency-cruiser cannot use it would see no module
// and report success, and a rule with a mistyped path would never fail. So it has to have seen every file, and every rule
// has to report something in the tree of planted violations.
import {createRequire} from 'node:module'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {cruise} from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import {filesBelow} from './files.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const planted = path.join(root, 'test/repo/fixtures/layers')
/** @type {Pick<Required<import('dependency-cruiser').IConfiguration>, 'forbidden' | 'options'>} */
const {forbidden, options} = createRequire(import.meta.url)('../.dependency-cruiser.cjs')

const product = await look(root)
const fixture = await look(planted)
const biting = new Set(fixture.violations.map((violation) => violation.rule.name))
const toothless = forbidden.flatMap(({name}) => (name === undefined || biting.has(name) ? [] : [name]))

const complaints = [
  ...product.violations.map(({rule, from, to}) => `${from} -> ${to}\n    ${rule.name}: ${reasonFor(rule.name)}`),
  ...product.unseen.map((file) => `${file} was not seen by dependency-cruiser, so nothing is known about it`),
  ...fixture.unseen.map((file) => `the planted ${file} was not seen by dependency-cruiser`),
  ...toothless.map((name) => `rule ${name} reports nothing in test/repo/fixtures/layers: plant a violation, or mend the rule`),
]
for (const complaint of complaints) console.error(`✗ ${complaint}`)
console.log(`layers: ${product.seen} modules seen, ${forbidden.length} rules, each reports its planted violation: ${toothless.length === 0 ? 'yes' : 'no'}; ${complaints.length} problems`)
process.exitCode = complaints.length === 0 ? 0 : 1

async function look(/** @type {string} */ baseDir) {
  const tsConfig = extractTsConfig(path.join(root, 'tsconfig.json'))
  const folders = ['src', 'bin'].filter((folder) => baseDir === root || folder === 'src')
  const {output} = await cruise(folders, {...options, baseDir, validate: true, ruleSet: {forbidden}}, undefined, {tsConfig})
  if (typeof output === 'string') throw new Error('dependency-cruiser reported text instead of an object')
  const modules = new Set(output.modules.map((module) => module.source))
  const expected = (await filesBelow(baseDir, 'src')).filter((file) => /\.[cm]?tsx?$/.test(file))
  return {
    seen: expected.filter((file) => modules.has(file)).length,
    unseen: expected.filter((file) => !modules.has(file)),
    violations: output.summary.violations,
  }
}

function reasonFor(/** @type {string} */ name) {
  return forbidden.find((rule) => rule.name === name)?.comment ?? ''
}
