/** For every check of the installed side, what makes it go red, for real, and what makes it well again. */
import { chmod, copyFile, link, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { BIN, type Home } from './installed.js'

export interface InstalledCase {
  check: string
  when: string
  harm: (home: Home) => Promise<unknown>
  is: 'bad' | 'warn'
  says: string
  mend: (home: Home) => Promise<unknown>
}

export const DISPATCHER = `#!/usr/bin/env zsh
set -euo pipefail
ROOT="\${LUKA_SOT:-$HOME/02luka}"
log() { echo "[$(date)] $*" >> "$ROOT/logs/mary_dispatcher.log" }
for f in $ROOT/bridge/inbox/ENTRY/*.yaml(N); do
  id=\${f:t:r}
  mkdir -p $ROOT/bridge/inbox/CLC $ROOT/bridge/processed/ENTRY
  cp $f $ROOT/bridge/inbox/CLC/
  mv $f $ROOT/bridge/processed/ENTRY/
  log "$id -> CLC"
done`

export const INSTALL = ['install', '--redis', 'off', '--service', 'supervisor']

const kept = new Map<string, Buffer>()
const HOOK = '02luka/tools/mary_memory_hook.zsh'
const SCRIPT = '02luka/tools/watchers/mary_dispatcher.zsh'
const LOG = '02luka/logs/mary_dispatcher.log'
const CONFIG = '.config/memory_sync'
const DEFINITION = `${CONFIG}/service/com.02luka.memory.hub.json`

const at = (home: Home, path: string): string => `${home.path}/${path}`
const spoil = async (home: Home, path: string, text: string): Promise<void> => {
  kept.set(path, await readFile(at(home, path)))
  await writeFile(at(home, path), text)
}
const giveBack = async (home: Home, path: string): Promise<void> => writeFile(at(home, path), kept.get(path) ?? '')

async function installWithOwnNode(home: Home): Promise<void> {
  const node = at(home, 'a node')
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node)) // of another file system
  const { code, stderr } = await home.spawn(node, [BIN, ...INSTALL])
  if (code !== 0) throw new Error(stderr)
}

export const INSTALLED_CASES: InstalledCase[] = [
  {
    ...{ check: 'hooks', when: 'a hook is another program by now', is: 'bad', says: 'is not ours any more' },
    harm: (home) => spoil(home, HOOK, '#!/bin/zsh\nexit 0\n'),
    mend: (home) => giveBack(home, HOOK),
  },
  {
    ...{ check: 'hooks', when: 'nobody can call a hook', is: 'bad', says: 'cannot be executed' },
    harm: (home) => chmod(at(home, HOOK), 0o644),
    mend: (home) => chmod(at(home, HOOK), 0o755),
  },
  {
    ...{ check: 'command', when: 'another program of that name is found first', is: 'warn', says: 'before/memory_sync comes before' },
    harm: async (home) => {
      await home.write('before/memory_sync', '#!/bin/sh\nexit 7\n', 0o755)
      home.use({ PATH: `${at(home, 'before')}:${at(home, '.local/bin')}:/usr/local/bin:/usr/bin:/bin` })
    },
    mend: async (home) => home.use({ PATH: `${at(home, '.local/bin')}/:/usr/local/bin:/usr/bin:/bin` }),
  },
  {
    ...{ check: 'aliases', when: 'an alias is gone', is: 'bad', says: 'is gone' },
    harm: (home) => rename(at(home, '02luka/tools/mary.zsh'), at(home, 'mary.zsh')),
    mend: (home) => rename(at(home, 'mary.zsh'), at(home, '02luka/tools/mary.zsh')),
  },
  {
    ...{ check: 'aliases', when: 'an alias leads elsewhere', is: 'warn', says: 'is not ours any more' },
    harm: (home) => rename(at(home, '02luka/tools/mary.zsh'), at(home, 'mary.zsh')).then(() => symlink('other.zsh', at(home, '02luka/tools/mary.zsh'))),
    mend: (home) => rename(at(home, 'mary.zsh'), at(home, '02luka/tools/mary.zsh')),
  },
  {
    ...{ check: 'dispatchers', when: 'the dispatcher has lost its block', is: 'bad', says: 'has lost its memory_sync block' },
    harm: (home) => spoil(home, SCRIPT, DISPATCHER),
    mend: (home) => giveBack(home, SCRIPT),
  },
  {
    ...{ check: 'last-order', when: 'an order was dispatched past the block', is: 'warn', says: 'WO-9' },
    harm: (home) => writeFile(at(home, LOG), '[Fri Nov 21] WO-9 -> CLC\n'),
    mend: (home) => home.ok('record', 'mary', 'WO-9', 'dispatched'),
  },
  {
    ...{ check: 'program', when: 'a file of the program is gone', is: 'bad', says: 'is not ours any more' },
    harm: (home) => rename(at(home, '.local/share/memory_sync/current/LICENSE'), at(home, 'LICENSE')),
    mend: (home) => rename(at(home, 'LICENSE'), at(home, '.local/share/memory_sync/current/LICENSE')),
  },
  {
    ...{ check: 'node', when: 'the Node of the installation is gone', is: 'warn', says: 'memory_sync.sh' },
    harm: async (home) => {
      await installWithOwnNode(home)
      await rm(at(home, 'a node'))
    },
    mend: (home) => home.ok(...INSTALL),
  },
  {
    ...{ check: 'node', when: 'an older one has taken the place of the Node of the installation', is: 'bad', says: 'too old' },
    harm: async (home) => {
      await installWithOwnNode(home)
      await rm(at(home, 'a node'))
      await writeFile(at(home, 'a node'), '#!/bin/sh\necho v20.18.3\n', { mode: 0o755 })
    },
    mend: async (home) => {
      await home.ok(...INSTALL)
      await rm(at(home, 'a node'))
    },
  },
  {
    ...{ check: 'secrets', when: 'others can read the settings', is: 'bad', says: 'config.json' },
    harm: (home) => chmod(at(home, `${CONFIG}/config.json`), 0o644),
    mend: (home) => chmod(at(home, `${CONFIG}/config.json`), 0o600),
  },
  {
    ...{ check: 'installation', when: 'the installer did not come to its end', is: 'bad', says: 'did not come to its end' },
    harm: async (home) => {
      const record = JSON.parse(await home.read(`${CONFIG}/install.json`)) as object
      await spoil(home, `${CONFIG}/install.json`, JSON.stringify({ ...record, finishedAt: null }))
    },
    mend: (home) => giveBack(home, `${CONFIG}/install.json`),
  },
  {
    ...{ check: 'service', when: 'its definition is gone, and it still runs', is: 'bad', says: 'is gone' },
    harm: (home) => rename(at(home, DEFINITION), at(home, 'definition')),
    mend: (home) => home.ok('install-agent'),
  },
  {
    ...{ check: 'service', when: 'its definition is garbage, and it still runs', is: 'bad', says: 'is not ours any more' },
    harm: (home) => spoil(home, DEFINITION, 'garbage'),
    mend: (home) => home.ok('install-agent'),
  },
  {
    ...{ check: 'service', when: 'the folder of its log is gone, and it still runs', is: 'warn', says: 'the folder of its log is gone' },
    harm: (home) => rm(`${home.root}/logs`, { recursive: true }),
    mend: (home) => home.ok('install-agent'),
  },
  {
    ...{ check: 'service', when: 'the service was stopped', is: 'bad', says: 'is not loaded' },
    harm: (home) => home.ok('hub', 'stop'),
    mend: async (home) => {
      await rm(at(home, LOG), { force: true })
      await home.ok('install-agent')
    },
  },
]
