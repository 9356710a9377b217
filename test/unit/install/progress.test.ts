import { expect, it } from 'vitest'
import type { Intent } from '../../../src/install/intent.js'
import { formatPlan, planStages } from '../../../src/install/progress.js'
import type { Stage } from '../../../src/install/stages.js'
import { makeTempFolder } from '../../support/temp.js'

it('a plan has a folder that two stages need once', async () => {
  const root = await makeTempFolder()
  const stage = (name: string, ...paths: string[]): Stage => ({
    ...{ name, title: name },
    plan: () => ({ name, title: name, intents: paths.map((path): Intent => ({ do: 'folder', path: `${root}/${path}`, mode: 0o755 })) }),
  })
  const planned = await planStages([stage('root', 'shared', 'logs'), stage('service', 'logs', 'units')])
  expect(formatPlan(planned)).toBe(`root\n  + ${root}/shared/\n  + ${root}/logs/\n\nservice\n  + ${root}/units/`)
})
