import type { Check } from '../check.js'

export const installation: Check = {
  name: 'installation',
  section: 'Hub Service',
  look({ installed }) {
    if (installed === null) return { level: 'off', text: 'Installation: none of this root' }
    if (installed.state === 'under-way') return { level: 'ok', text: 'Installation: an installer is at it now' }
    if (installed.state === 'finished') return { level: 'ok', text: `Installation complete (version ${installed.version})` }
    if (installed.state === 'unreadable') {
      return { level: 'bad', text: installed.reason ?? 'The install record cannot be read', wayOut: 'mend the record: without it nothing can be taken back' }
    }
    return {
      level: 'bad',
      text: 'An installation began and did not come to its end',
      wayOut: 'memory_sync install goes on with it; memory_sync rollback takes it back',
    }
  },
}
