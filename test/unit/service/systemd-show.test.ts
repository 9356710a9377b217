import { describe, expect, it } from 'vitest'
import { readShow } from '../../../src/service/systemd.js'

const show = (properties: Record<string, string | number>): string =>
  Object.entries({ LoadState: 'loaded', MainPID: 0, NRestarts: 0, ExecMainCode: 0, ExecMainStatus: 0, Result: 'success', ...properties })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')

describe('what systemctl shows of a unit', () => {
  it.each<[string, Record<string, string | number>, object]>([
    ['nobody knows it', { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead' }, { is: 'absent' }],
    ['it runs', { ActiveState: 'active', SubState: 'running', MainPID: 7 }, { is: 'running', pid: 7, starts: 1 }],
    ['its owner has stopped it', { ActiveState: 'inactive', SubState: 'dead' }, { is: 'stopped' }],
    ['it has failed for good', { ActiveState: 'failed', SubState: 'failed', ExecMainCode: 1, ExecMainStatus: 4 }, { is: 'stopped', lastExit: { code: 4 } }],
    ['it is started again in a moment', { ActiveState: 'activating', SubState: 'auto-restart' }, { is: 'waiting' }],
    ['it ends again and again', { ActiveState: 'activating', SubState: 'auto-restart', NRestarts: 4 }, { is: 'crash-loop', starts: 5 }],
  ])('when %s', (_, properties, state) => {
    expect(readShow(show(properties))).toMatchObject(state)
  })
})
