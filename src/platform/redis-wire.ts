/** The two questions that somebody without a client can ask a Redis: whether it takes a password, and which process it is. */
import { connect } from 'node:net'

export type RedisWhere = { socket: string } | { host: string; port: number }

const ANSWER_MS = 500

/** What it answers to these commands, raw; null: nobody answers in time. Resolves when `isComplete` says so. */
export function askRedis(where: RedisWhere, commands: readonly (readonly string[])[], isComplete: (answer: string) => boolean): Promise<string | null> {
  return new Promise((resolve) => {
    const connection = connect('socket' in where ? { path: where.socket } : where)
    let answer = ''
    const end = (result: string | null): void => {
      clearTimeout(timer)
      connection.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => {
      end(null)
    }, ANSWER_MS)
    connection.once('error', () => {
      end(null)
    })
    connection.once('close', () => {
      end(null)
    })
    connection.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (isComplete(answer)) end(answer)
    })
    connection.once('connect', () => connection.write(commands.map(framed).join('')))
  })
}

/**
 * The pid of a server that was started with this file of settings; null: nobody answers, or it does not take the password (yet), or it
 * is another server. One that wants no password is another one: it was given this one in its settings.
 */
export async function redisPid(where: RedisWhere, password: string, settingsFile: string): Promise<number | null> {
  const answer = (await askRedis(where, [['AUTH', password], ['INFO', 'server']], (text) => /^-|\r\n-|\r\nconfig_file:.*\r\n/.test(text))) ?? ''
  if (!answer.startsWith('+OK\r\n') || factIn(answer, 'config_file') !== settingsFile) return null
  return Number(factIn(answer, 'process_id'))
}

const factIn = (info: string, name: string): string | undefined => new RegExp(`\r\n${name}:(.*)\r\n`).exec(info)?.[1]

/** RESP: an array of strings, each with its length in bytes. */
const framed = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
