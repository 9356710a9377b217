import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.js'
import { reportFailure } from '../../cli/failure.js'
import { holderFlags, tokenFlag, tokenOf, ttlFlag, ttlOf, waitFlag, waitOf } from '../../cli/lock-flags.js'
import { runCommandUnderLock, splitAtDashes } from '../../cli/lock-running.js'
import { workingTree } from '../../cli/working-tree.js'
import { MERGE_LEASE, mergingIn, refuseUnclean } from '../../usecases/merge-run.js'

export default class MergeRun extends BaseCommand {
  static override readonly summary = 'Run a command that merges, one at a time.'
  static override readonly description = `As "lock run merge", in a git working tree without uncommitted changes (untracked files do not count). When the lease is there
the tree is looked at again, and the command finds in its environment MEMORY_SYNC_HEAD, the commit that HEAD is now, and with
--branch MEMORY_SYNC_BRANCH and MEMORY_SYNC_BRANCH_HEAD. When it fails and leaves a merge half done, that is aborted. A program from
before that holds prp:merge:lock in Redis is waited for like any other, and finds that lock taken while this runs.
Exit: as lock run; 1 when the tree is not clean; 11 when the waiting was in vain, and then nothing was run.`
  static override readonly usage = 'merge run [FLAGS] -- CMD..'
  static override readonly examples = [
    '<%= config.bin %> merge run --wait 600 --branch feature-7 -- git merge --no-edit feature-7',
    `<%= config.bin %> merge run --wait 600 -- sh -c 'npm test && git merge --no-edit feature-7'`,
  ]
  static override readonly flags = {
    branch: Flags.string({ summary: 'What is to be merged: a branch or another commit that has to exist.', helpValue: 'B' }),
    ...{ ...ttlFlag, ...waitFlag, ...tokenFlag, ...holderFlags },
  }

  async run(): Promise<void> {
    const { own, command } = splitAtDashes(this.argv, 'memory_sync merge run -- CMD')
    const { flags } = await this.parse(MergeRun, own)
    const { branch } = flags
    const tree = await workingTree()
    await refuseUnclean(tree)
    const warn = (text: string): void => void this.note(`Warning: ${text}`)
    const name = MERGE_LEASE
    const request = {
      ...{ name, ttlMs: ttlOf(flags.ttl), waitMs: waitOf(flags.wait), token: tokenOf(name, flags.token), holder: flags.agent },
      ...{ reason: flags.reason ?? (branch === undefined ? command.file.slice(0, 200) : `branch ${branch}`) },
      ...mergingIn({ tree, branch, warn }),
    }
    const notStarted = (error: Error): Promise<number> => reportFailure(error, { json: this.jsonEnabled() })
    const code = await this.withMemory(flags, (memory) =>
      runCommandUnderLock(this.surroundings(memory, flags), request, command, { warn, notStarted }),
    )
    if (code !== 0) this.exit(code)
  }
}
