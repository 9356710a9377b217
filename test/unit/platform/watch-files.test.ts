import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type WatchedPlace, watchFiles } from '../../../src/platform/watch-files.js'
import { afterwards } from '../../support/cleanup.js'
import { eventually } from '../../support/eventually.js'
import { makeTempFolder } from '../../support/temp.js'

/** Whether what is done is told: what was told of before counts no more. */
function watched(place: WatchedPlace): (what: string, act: () => void) => Promise<void> {
  let told = 0
  afterwards(watchFiles([place], () => void told++))
  return async (what, act) => {
    const before = told
    act()
    await eventually(() => told > before, { what: `a hint of ${what}` })
  }
}

/** `here` is watched for `file`; what it leads to is elsewhere. */
async function folders(): Promise<{ here: string; there: string; place: WatchedPlace }> {
  const folder = await makeTempFolder()
  const [here, there] = [`${folder}/here`, `${folder}/there`]
  for (const made of [here, there]) mkdirSync(made)
  return { here, there, place: { directory: here, names: ['file'] } }
}

/** As an editor, and as one that puts another file in its place. */
async function hearsOf(hinted: ReturnType<typeof watched>, path: string): Promise<void> {
  await hinted(`${path}, written to`, () => {
    writeFileSync(path, 'edited')
  })
  await hinted(`${path}, replaced`, () => {
    writeFileSync(`${path}.new`, 'other')
    renameSync(`${path}.new`, path)
  })
}

describe('a watched file that is a link', () => {
  it('is told of where it leads to, through links of which each stands elsewhere, and by its own name', async () => {
    const { here, there, place } = await folders()
    mkdirSync(`${there}/deep`)
    writeFileSync(`${there}/deep/real`, '')
    symlinkSync('deep/real', `${there}/between`)
    symlinkSync('../there/between', `${here}/file`)
    const hinted = watched(place)
    await hearsOf(hinted, `${there}/deep/real`)
    writeFileSync(`${there}/other`, '')
    await hinted('a link between', () => {
      symlinkSync('other', `${there}/next`)
      renameSync(`${there}/next`, `${there}/between`)
    })
    await hearsOf(hinted, `${there}/other`)
  })

  it('may become one later, and lead to another place', async () => {
    const { here, there, place } = await folders()
    for (const name of ['a', 'b']) writeFileSync(`${there}/${name}`, '')
    writeFileSync(`${here}/file`, '')
    const hinted = watched(place)
    for (const name of ['a', 'b']) {
      await hinted('the link', () => {
        symlinkSync(`${there}/${name}`, `${here}/next`)
        renameSync(`${here}/next`, `${here}/file`)
      })
      await hearsOf(hinted, `${there}/${name}`)
    }
    await hinted('the file in its place', () => {
      unlinkSync(`${here}/file`)
      writeFileSync(`${here}/file`, '')
    })
    await hearsOf(hinted, `${here}/file`)
  })

  it('may lead to what is made later, goes, and comes again, its folder too', async () => {
    const { here, there, place } = await folders()
    symlinkSync(`${there}/a/b/real`, `${here}/file`)
    const hinted = watched(place)
    for (const _time of [1, 2]) {
      await hinted('its folder', () => {
        mkdirSync(`${there}/a/b`, { recursive: true })
      })
      await hinted('the file, made', () => {
        writeFileSync(`${there}/a/b/real`, '')
      })
      await hearsOf(hinted, `${there}/a/b/real`)
      await hinted('the file, taken away', () => {
        rmSync(`${there}/a`, { recursive: true })
      })
    }
  })

  it.each([
    ['itself', 'file'],
    ['a folder', '.'],
    ['a name that is too long', 'x'.repeat(300)],
    ['nothing that is below a file', '../there/real/x'],
  ])('that leads to %s is watched itself', async (_to, target) => {
    const { here, there, place } = await folders()
    writeFileSync(`${there}/real`, '')
    symlinkSync(target, `${here}/file`)
    const hinted = watched(place)
    await hinted('the link, replaced', () => {
      symlinkSync(`${there}/real`, `${here}/next`)
      renameSync(`${here}/next`, `${here}/file`)
    })
    await hearsOf(hinted, `${there}/real`)
  })
})

it('nothing is told when the watching has ended', async () => {
  const { here, there, place } = await folders()
  symlinkSync(`${there}/real`, `${here}/file`)
  let told = 0
  const end = watchFiles([place], () => void told++)
  writeFileSync(`${there}/real`, '')
  await eventually(() => told > 0, { what: 'a hint' })
  end()
  const before = told
  let others = 0
  const endOther = watchFiles([{ directory: there, names: ['real'] }], () => void others++)
  afterwards(endOther)
  writeFileSync(`${there}/real`, 'edited')
  await eventually(() => others > 0, { what: 'a hint to another one' })
  expect(told).toBe(before)
})
