import { dirname } from 'node:path'
import type { Check } from '../check.js'

export const contextFile: Check = {
  name: 'context-file',
  section: 'Shared Memory',
  look({ file, fileLeadsTo, own, hub }) {
    const restored = hub.is === 'silent' ? 'the hub keeps it, and does not answer: see what is said of it, above' : null
    switch (file.is) {
      case 'current':
        return { level: 'ok', text: 'context.json readable' }
      case 'edited':
        return {
          level: 'warn',
          text: 'context.json was edited, and the edit has not been taken in yet',
          wayOut: 'a running hub does it at once; without one, the next write does',
        }
      case 'unsettled':
        return { level: 'warn', text: 'context.json is being written by somebody', wayOut: 'look again in a moment' }
      case 'unseen':
        return { level: 'off', text: 'context.json: not known here, see what could not be looked at' }
      case 'absent':
        if (fileLeadsTo !== null) {
          return {
            level: 'bad',
            text: `context.json is a link to ${fileLeadsTo}, and that folder is not there`,
            wayOut: `make the folder ${dirname(fileLeadsTo)}, or remove the link; then any write, or memory_sync health --fix, makes the file`,
          }
        }
        if (own.rev === 0 && own.agents === 0) return { level: 'off', text: 'context.json: nothing was written yet' }
        return { level: 'bad', text: 'context.json is missing', wayOut: restored ?? 'any write, or memory_sync health --fix, puts it back' }
      case 'broken':
        return {
          level: 'bad',
          text: `context.json cannot be read: ${file.reason ?? 'unknown'}`,
          wayOut: restored ?? 'memory_sync health --fix keeps a copy and restores the last good content',
        }
    }
  },
}
