import {Plugin, settings} from '@oclif/core'

/**
 * The text of oclif.manifest.json for the commands in `<root>/dist/commands`: with it, oclif imports only the command
 * that is called. Made through the library, because its dev tool would bring hundreds of packages for this one call.
 * Keys are sorted, so that the order in which the disk lists files does not show. Throws when a command cannot be loaded.
 */
export async function makeManifest(/** @type {string} */ root) {
  settings.enableAutoTranspile = false
  const plugin = new Plugin({errorOnManifestCreate: true, ignoreManifest: true, respectNoCacheDefault: true, root, type: 'core'})
  await plugin.load()
  const {commands, version} = plugin.manifest
  const sorted = Object.fromEntries(Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify({commands: sorted, version}, null, 2)}\n`
}
