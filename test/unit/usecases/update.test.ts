import { describe, expect, it } from 'vitest'
import { broadcastUpdate } from '../../../src/usecases/broadcast.js'
import { removeAgent } from '../../../src/usecases/remove.js'
import { updateStatus } from '../../../src/usecases/update.js'
import { fakeSurroundings, NOW } from '../../support/fake-memory.js'
import { memoryFiles } from '../../support/memory-files.js'

describe('update', () => {
  it('sets status and times, and broadcasts one line under a name of its own', async () => {
    const world = fakeSurroundings()
    const { files, api } = memoryFiles()
    const outbox = { root: '/r', files: api }
    await updateStatus(world, outbox, { agent: 'mary', status: `it's "on" $(x)` })
    await updateStatus(world, outbox, { agent: 'mary', status: 'idle' })
    expect(await world.memory.text()).toContain(
      `"mary":{"status":"idle","last_seen":"${NOW}","last_update":"${NOW}","rev":2}`,
    )
    expect([...files.keys()]).toEqual([
      expect.stringMatching(/^\/r\/bridge\/memory\/outbox\/1762910785_[0-9a-f]{32}_broadcast\.json$/),
      expect.stringMatching(/^\/r\/bridge\/memory\/outbox\/1762910785_[0-9a-f]{32}_broadcast\.json$/),
    ])
    expect([...files.values()][0]).toBe(
      `{"event":"agent_update","agent":"mary","status":"it's \\"on\\" $(x)","ts":"${NOW}"}\n`,
    )
  })

  it('broadcasts nothing that was not acknowledged', async () => {
    const world = fakeSurroundings()
    const { files, api } = memoryFiles()
    await expect(
      updateStatus(world, { root: '/r', files: api }, { agent: 'bad name', status: 'x' }),
    ).rejects.toMatchObject({ code: 'usage' })
    world.memory.write = () => Promise.reject(new Error('no store'))
    await expect(updateStatus(world, { root: '/r', files: api }, { agent: 'mary', status: 'x' })).rejects.toThrow(
      'no store',
    )
    expect(files.size).toBe(0)
  })

  it('keeps its acknowledgement when the broadcast cannot be written, and says why', async () => {
    const world = fakeSurroundings()
    const { api } = memoryFiles()
    api.makeDirectory = () => Promise.reject(new Error('EROFS'))
    const updated = await updateStatus(world, { root: '/r', files: api }, { agent: 'mary', status: 'x' })
    expect(updated).toMatchObject({ receipt: { ok: true }, broadcastFailure: 'EROFS' })
  })

  it('leaves nothing half-written in the outbox', async () => {
    const world = fakeSurroundings()
    const { files, api } = memoryFiles()
    api.rename = () => Promise.reject(new Error('EXDEV'))
    await expect(
      broadcastUpdate(world, { root: '/r', files: api }, { agent: 'a', status: 'b', ts: NOW }),
    ).rejects.toThrow('EXDEV')
    expect(files.size).toBe(0)
  })
})

describe('remove', () => {
  it('deletes the record, and says so when there is none', async () => {
    const world = fakeSurroundings()
    const { api } = memoryFiles()
    await updateStatus(world, { root: '/r', files: api }, { agent: 'mary', status: 'x' })
    expect(await removeAgent(world, { agent: 'mary' })).toMatchObject({ ok: true, agent: 'mary', rev: 2 })
    await expect(removeAgent(world, { agent: 'mary' })).rejects.toMatchObject({ code: 'absent' })
    await expect(removeAgent(world, { agent: 'current_work' })).rejects.toMatchObject({ code: 'usage' })
  })
})
