import { expect, test } from 'vitest'
import { isNodeFit } from '../../../src/service/node-path.js'
import { read } from '../../repo/repository.js'

test('a Node is fit from the version on that the package asks for', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }
  const [, major, minor] = /^>=(\d+)\.(\d+)\.0$/.exec(engines.node)!.map(Number) as [number, number, number]
  const versions = [`v${major}.${minor}.0`, `v${major + 1}.0.0`, `v${major}.${minor - 1}.9`, `v${major - 1}.99.0`, 'v8.17.0', 'bash 5.2', '']
  expect(versions.map((version) => isNodeFit(`${version}\n`))).toEqual([true, true, false, false, false, false, false])
})
