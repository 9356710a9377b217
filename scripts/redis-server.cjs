'use strict'
const {spawnSync} = require('node:child_process')

/** What starts a Redis on this machine, and what it says of itself; null: nothing does. */
function findRedisServer() {
  for (const name of ['redis-server', 'valkey-server']) {
    const {status, stdout} = spawnSync(name, ['--version'], {encoding: 'utf8'})
    if (status === 0) return {name, version: stdout}
  }

  return null
}

module.exports = {findRedisServer}
