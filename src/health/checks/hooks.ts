import type { Check } from '../check.js'

export const hooks: Check = {
  name: 'hooks',
  section: 'Integration Hooks',
  look: () => ({ level: 'off', text: 'Integration hooks: this version installs none' }),
}
