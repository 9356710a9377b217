import type { Check } from '../check.js'

export const hubVersion: Check = {
  name: 'hub-version',
  section: 'Hub Service',
  look({ hub, version }) {
    if (hub.is !== 'running') return { level: 'off', text: 'Version of the hub: no hub to ask' }
    if (hub.version === version) return { level: 'ok', text: `Hub and commands are of version ${version}` }
    return {
      level: 'warn',
      text: `The hub is of version ${hub.version}, this command of ${version}`,
      wayOut: 'restart the hub: it still runs the program from before an upgrade',
    }
  },
}
