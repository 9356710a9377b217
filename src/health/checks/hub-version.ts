import type { Check } from '../check.js'

export const hubVersion: Check = {
  name: 'hub-version',
  section: 'Hub Service',
  look({ hub, version, build }) {
    if (hub.is !== 'running') return { level: 'off', text: 'Version of the hub: no hub to ask' }
    const isSameBuild = hub.build === null || build === null || hub.build === build
    if (hub.version === version && isSameBuild) return { level: 'ok', text: `Hub and commands are of version ${version}` }
    return {
      level: 'warn',
      text: hub.version === version ? `The hub is of another build of version ${version} than this command` : `The hub is of version ${hub.version}, this command of ${version}`,
      wayOut: 'restart the hub: it still runs the program from before an upgrade',
    }
  },
}
