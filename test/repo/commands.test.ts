import {describe, expect, it} from 'vitest'
import {CHANGE_EVENTS} from '../../src/domain/event.js'
import {filesBelow} from '../../scripts/files.mjs'
import {makeManifest} from '../../scripts/manifest.mjs'
import {read, readManifest, root} from './repository.js'

const manifest = readManifest()
const shown = Object.values(manifest.commands).filter((command) => command.hidden !== true)

describe('the commands', () => {
  it('are described by an up-to-date oclif.manifest.json', async () => {
    expect(await makeManifest(root)).toBe(read('oclif.manifest.json'))
  })

  it('are one for each file of src/commands', async () => {
    const files = (await filesBelow(root, 'src/commands')).filter((file) => file.endsWith('.ts'))
    const ids = files.map((file) => file.slice('src/commands/'.length, -'.ts'.length).replace(/\/index$/, '').replaceAll('/', ':'))
    expect(Object.keys(manifest.commands).sort()).toEqual(ids.sort())
  })

  it('say in their help of an argument that it may be repeated where it may, and of no other', () => {
    const repeated = Object.values(manifest.commands).flatMap(({id, strict, args = {}}) =>
      Object.entries(args).flatMap(([name, {multiple}]) => (strict === false || multiple === true ? [`${id} ${name}`] : [])),
    )
    expect(repeated.sort()).toEqual(['set assignments', 'task:add fields'])
  })

  it('name every kind of event where one can be asked for', () => {
    for (const id of ['watch', 'log']) {
      const description = manifest.commands[id]?.flags?.['event']?.description ?? ''
      expect(CHANGE_EVENTS.filter((event) => !description.includes(event)), id).toEqual([])
    }
  })

  it('say in a summary or description what they do', () => {
    const silent = shown.filter(({summary, description}) => (summary ?? description ?? '').trim() === '')
    expect(silent.map(({id}) => id)).toEqual([])
  })

  it('appear in the README', () => {
    const readme = read('README.md')
    // As code, alone or with what follows it: `lock acquire`, `memory_sync lock acquire NAME`, or a line of a code block.
    const appears = (id: string): boolean => new RegExp('(`|memory_sync )' + id.replaceAll(':', ' ') + '(?![\\w-])').test(readme)
    expect(shown.map(({id}) => id).filter((id) => !appears(id))).toEqual([])
  })
})
