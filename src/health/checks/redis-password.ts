import type { Check } from '../check.js'

export const redisPassword: Check = {
  name: 'redis-password',
  section: 'Redis',
  look({ own, password }) {
    if (own.redis !== 'online') return { level: 'off', text: 'Redis password: no connection to look at' }
    switch (password) {
      case 'own':
        return { level: 'ok', text: 'Redis password set' }
      case 'none':
        return {
          level: 'warn',
          text: 'Redis takes everybody without a password',
          wayOut: 'set requirepass, and put the password into the config file',
        }
      case 'legacy-default':
        return {
          level: 'warn',
          text: 'Redis has the documented default password',
          wayOut: 'set another one with requirepass, and put it into the config file',
        }
    }
  },
}
