/** What the plan says of a context that is there. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { placesOf } from '../../../src/install/places.js'
import { planRoot } from '../../../src/install/root.js'
import { makeTempFolder } from '../../support/temp.js'

test.each<[string, (path: string) => void, string]>([
  ['absent', () => undefined, 'is made by the hub'],
  ['an object', (path) => { writeFileSync(path, '\uFEFF {"agents":{}}') }, 'is adopted as it is'],
  ['a list', (path) => { writeFileSync(path, '[]') }, 'cannot be read (it is JSON, but no object): the hub sets it aside'],
  ['no JSON', (path) => { writeFileSync(path, '{') }, 'cannot be read (it is not JSON): the hub sets it aside'],
  ['a link to a file that is missing', (path) => { symlinkSync('../theirs.json', path) }, 'is a link to a file that is not there yet: the hub makes it'],
  ['a link into a folder that is missing', (path) => { symlinkSync('../none/theirs.json', path) }, 'is a link that leads nowhere'],
  ['a link to itself', (path) => { symlinkSync('context.json', path) }, 'is a link that leads nowhere'],
])('a context that is %s', async (_, make, fate) => {
  const home = await makeTempFolder('ms-root-')
  mkdirSync(`${home}/root/shared_memory`, { recursive: true })
  make(`${home}/root/shared_memory/context.json`)
  const { notes } = planRoot(placesOf({}, home, `${home}/root`))
  expect(notes?.[0]).toContain(`context.json ${fate}`)
})
