/** What the commands that install and undo have in common. */
import { Flags } from '@oclif/core'

export const serviceFlags = {
  label: Flags.string({ summary: 'Label of the service.', helpValue: 'LABEL' }),
  service: Flags.option({
    summary: 'What keeps the hub running; by default what this machine has.',
    options: ['launchd', 'systemd', 'supervisor'] as const,
  })(),
}

export const dryRunFlag = {
  'dry-run': Flags.boolean({ summary: 'Show what would be done, and do nothing.', default: false }),
}
