import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { BLOCK_BEGIN, BLOCK_END, type BlockRequest, findBlock, insertBlock, removeBlock } from '../../../src/install/marked-block.js'

const request: BlockRequest = { agent: 'mary', hook: `/Users/o'neil/02luka/tools/memory_sync_dispatch.zsh`, name: 'mary_dispatcher.zsh' }

const insert = (script: string | Buffer, more: Partial<BlockRequest> = {}): Buffer => {
  const placed = insertBlock(Buffer.from(script), { ...request, ...more })
  if (!placed.ok) throw new Error(placed.reason)
  return placed.text
}
const reasonOf = (script: string, more: Partial<BlockRequest> = {}): string => {
  const placed = insertBlock(Buffer.from(script), { ...request, ...more })
  return placed.ok ? 'it was placed' : placed.reason
}
const lines = (...all: string[]): string => `${all.join('\n')}\n`

const zsh = '#!/usr/bin/env zsh'
const bash = '#!/bin/bash'
const call = 'log "a -> b"'

/** Scripts, and the line before which the block has to be. */
const PLACES: Readonly<Record<string, [string, string]>> = {
  'a function in the usual style': [lines(zsh, 'set -euo pipefail', 'log() {', '  echo "$*" >> x', '}', '', call), ''],
  'a function with the keyword': [lines(zsh, 'function log {', '  echo "$*"', '}', call), call],
  'keyword and brackets': [lines(zsh, 'function log() {', '  echo "$*"', '}', call), call],
  'a brace on the next line': [lines(zsh, 'log ()', '{', '  echo "$*"', '}', call), call],
  'a function on one line': [lines(zsh, `log() { printf '%s\\n' "$*" >> "$LOG" } # short`, call), call],
  'a body in a subshell': [lines(bash, 'log() ( cd /; echo "$*" )', call), call],
  'redirected as a whole': [lines(zsh, 'log() {', '  echo "$*"', '} >> "$LOG" 2>&1', call), call],
  'braces in quotes, comments and expansions': [
    lines(zsh, 'log() {', `  echo '}' "}\${1:-"}"}" \\} \${x#\\}} $'\\'}' # }`, '  echo "$(date "+}")" `echo "}"`', '}', call),
    call,
  ],
  'a here-document with a brace': [lines(zsh, 'log() {', "  cat <<'EOF' <<-X", '}', 'EOF', '}', '\tX', '  cat <<< "}"', '}', call), call],
  'defined after what uses it': [lines(zsh, 'main() {', '  log "a -> b"', '}', 'log() {', '  echo "$*"', '}', 'main'), 'main'],
  'defined twice, the second time for good': [lines(zsh, 'log() { : }', 'log() { echo "$*" }', call), call],
  'a pattern that looks like a comment': [lines(zsh, 'log() {', '  [[ $1 == (#i)x* ]] && echo "$*"', '}', call), call],
  'another function whose name ends like it': [lines(zsh, 'catalog() { : }', 'log() { : }', 'logger() { : }'), 'logger() { : }'],
}

describe('a script', () => {
  test.each(Object.entries(PLACES))('with %s gets the block behind it, and back its bytes', (_, [script, next]) => {
    const text = insert(script)
    const [before = '', after = ''] = text.toString().split(`${BLOCK_END}\n`)
    expect(after.split('\n')[0]).toBe(next)
    expect(before.startsWith(`${script.slice(0, script.length - after.length)}${BLOCK_BEGIN}`)).toBe(true)
    expect(removeBlock(text)?.toString()).toBe(script)
    const shell = script.startsWith(zsh) ? 'zsh' : 'bash'
    execFileSync(shell, ['-n'], { input: text })
  })

  test('that ends with the function and without a newline is restored without one', () => {
    const script = `${zsh}\nlog() { echo "$*"; }`
    const text = insert(script)
    expect(text.toString().startsWith(`${script}\n${BLOCK_BEGIN}`)).toBe(true)
    expect(removeBlock(text)?.toString()).toBe(script)
  })

  test('keeps bytes that are no UTF-8', () => {
    const script = Buffer.concat([Buffer.from(`${zsh}\n# caf`), Buffer.from([0xe9, 0xff, 0x0a]), Buffer.from('log() { : }\n')])
    const text = insert(script, { hook: '/Users/é/hook.zsh' })
    expect(text.includes('/Users/é/hook.zsh')).toBe(true)
    expect(removeBlock(text)).toEqual(script)
  })

  test('that has the block is not changed by another insertion, and follows a hook that has moved', () => {
    const script = lines(zsh, 'log() { : }')
    expect(insert(insert(script))).toEqual(insert(script))
    expect(insert(insert(script), { hook: '/elsewhere' })).toEqual(insert(script, { hook: '/elsewhere' }))
  })

  test('that was changed around the block keeps the changes when the block goes', () => {
    const text = insert(lines(zsh, 'log() { : }', 'x=1')).toString()
    const edited = Buffer.from(text.replace('x=1', 'x=2').replace(zsh, `${zsh} -f`))
    expect(removeBlock(edited)?.toString()).toBe(lines(`${zsh} -f`, 'log() { : }', 'x=2'))
  })

  test('without a first line is taken by its name', () => {
    expect(insert('log() { : }\n').toString()).toContain('zshexit_functions')
    expect(insert('log() { :; }\n', { name: 'x.bash' }).toString()).toContain('trap -p')
    expect(reasonOf('log() { :; }\n', { name: 'consumer' })).toMatch(/no script of zsh or bash/)
  })
})

describe('there is no place in a script', () => {
  test.each([
    ['of another shell', lines('#!/bin/sh', 'log() { :; }'), /no script of zsh or bash/],
    ['without the function', lines(zsh, 'source lib/log.zsh', call), /no function "log"/],
    ['that only mentions it', lines(zsh, '# log() { : }', 'echo "log() {"'), /no function "log"/],
    ['with one in each branch', lines(zsh, 'if x; then', '  log() { : }', 'else', '  log() { : }', 'fi'), /more than one place/],
    ['with CR LF', '#!/bin/zsh\r\nlog() {\r\n  echo "$*"\r\n}\r\n', /CR LF/],
    ['with CR LF and a short function', '#!/bin/zsh\r\nlog() { echo "$*" }\r\n', /CR LF/],
    ['whose function does not end', lines(zsh, 'log() {', '  echo "$*'), /the end of its function/],
    ['whose function has no braces', lines(zsh, 'log() echo "$*"'), /the end of its function/],
    ['with more on the line of the function', lines(zsh, 'log() { : } | tee x'), /something else follows/],
    ['that makes it read-only', lines(bash, 'log() { :; }', 'readonly -f log'), /read-only/],
  ])('%s, and it is said why', (_, script, reason) => {
    expect(reasonOf(script)).toMatch(reason)
  })
})

test('a block that is damaged is told, and neither replaced nor removed', () => {
  const text = insert(lines(zsh, 'log() { : }')).toString()
  for (const damaged of [text.replace(BLOCK_END, ''), text.replace(BLOCK_BEGIN, ''), text + text]) {
    expect(findBlock(Buffer.from(damaged))).toEqual({ is: 'damaged' })
    expect(removeBlock(Buffer.from(damaged))).toBeNull()
    expect(reasonOf(damaged)).toMatch(/damaged/)
  }
})
