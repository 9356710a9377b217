import { mkdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { DISPATCHER, INSTALL, INSTALLED_CASES } from '../support/installed-cases.js'
import { Home } from '../support/installed.js'

interface Finding {
  name: string
  level: string
  text: string
  wayOut?: string
}

async function look(home: Home, check: string): Promise<{ code: number | null; finding: Finding | undefined; bad: string[]; all: Finding[] }> {
  const { code, stdout } = await home.run('health', '--json')
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  const bad = findings.filter(({ level }) => level === 'bad').map(({ name }) => name)
  return { code, finding: findings.find(({ name }) => name === check), bad, all: findings }
}

describe('health of an installation', () => {
  test('has nothing to say where nothing is installed', async () => {
    const home = await Home.make()
    await mkdir(home.root)
    const { all } = await look(home, 'service')
    for (const check of new Set(INSTALLED_CASES.map((of) => of.check))) expect(all.find(({ name }) => name === check), check).toMatchObject({ level: 'off' })
  })

  test('goes red for each thing that is spoilt, and well again', async () => {
    const home = await Home.make()
    await home.write('02luka/tools/watchers/mary_dispatcher.zsh', DISPATCHER, 0o755)
    await home.ok(...INSTALL)
    expect(await look(home, 'service')).toMatchObject({ code: 0, bad: [], finding: { level: 'ok' } })
    for (const { check, when, harm, is, says, mend } of INSTALLED_CASES) {
      await harm(home)
      const broken = await look(home, check)
      expect(broken.finding, when).toMatchObject({ level: is, text: expect.stringContaining(says), wayOut: expect.any(String) })
      expect(broken.code, when).toBe(is === 'bad' ? 1 : 0)
      await mend(home)
      expect(await look(home, check), when).toMatchObject({ code: 0, bad: [], finding: { level: 'ok' } })
    }
  })
})
