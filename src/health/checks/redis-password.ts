import type { Check } from '../check.js'

export const redisPassword: Check = {
  name: 'redis-password',
  section: 'Redis',
  look({ redis, password }) {
    if (redis === null) return { level: 'off', text: 'Redis password: no connection to look at' }
    if (redis.isOpen === true || password === 'none') {
      return {
        level: 'warn',
        text: `Redis takes everybody without a password${password === 'none' ? '' : ', although one is sent here'}`,
        wayOut: 'set requirepass, and put the password into the config file',
      }
    }
    switch (password) {
      case 'own':
        return { level: 'ok', text: 'Redis password set' }
      case 'weak':
        return {
          level: 'warn',
          text: 'Redis has a password that is guessed at once',
          wayOut: 'set a random one of 20 characters or more with requirepass, and put it into the config file',
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
