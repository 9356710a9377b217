import { expect, test } from 'vitest'
import { filledIn } from '../../../src/install/drop-ins.js'
import { plistOf } from '../../../src/service/launchd-plist.js'
import type { ServiceSpec } from '../../../src/service/service.js'
import { unitOf } from '../../../src/service/systemd-unit.js'
import { nodeInDefinition, nodeInScript } from '../../../src/service/written-node.js'

const specWith = (node: string): ServiceSpec => ({
  label: 'l',
  program: ['/home/it\'s "me"/memory_sync/current/bin/launch.sh', node],
  args: ['hub'],
  environment: { HOME: '/home/me' },
  directory: '/r',
  stdout: '/r/out',
  stderr: '/r/err',
})

test.each(['/usr/bin/node', `/it's "a" 100% \\ $HOME & <b>/node`, '/%%/$$/\\n/node'])('the Node %s is found again where it was written', (node) => {
  for (const text of [unitOf(specWith(node)), plistOf(specWith(node), 'Aqua'), JSON.stringify(specWith(node))]) expect(nodeInDefinition(text)).toBe(node)
  expect(nodeInScript(filledIn("a=1\nmemory_sync_node=''\nmemory_sync_program=''\n", { memory_sync_node: node }))).toBe(node)
})

test('where none was written, none is found', () => {
  expect(nodeInDefinition('[Service]\nExecStart=/usr/bin/other\n')).toBeNull()
  expect(nodeInScript("memory_sync_node=''\n")).toBeNull()
})
