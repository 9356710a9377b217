/** Work items for people. */
import { formatLine, stringOf, type Tree, type TreeMap } from '../domain/json.js'
import { parseTree } from '../domain/json.js'
import { itemsOf } from '../domain/entry.js'
import { formatTable, plainText } from './table.js'

const textOf = (value: Tree | undefined): string => {
  if (value === undefined || value === 'null') return '-'
  return stringOf(value) ?? formatLine(value)
}

export function formatTaskTable(tasks: readonly TreeMap[]): string {
  const rows = tasks.map((task) => ['id', 'status', 'owner', 'title'].map((name) => textOf(task.get(name))))
  return formatTable(['ID', 'STATUS', 'OWNER', 'TITLE'], rows)
}

/** A line a member. */
export function formatTask(task: TreeMap): string {
  const width = Math.max(...[...task.keys()].map((name) => name.length)) + 1
  return [...task].map(([name, value]) => plainText(`${`${name}:`.padEnd(width)} ${textOf(value)}`)).join('\n')
}

/** One block a status. */
export function formatBoard(board: TreeMap): string {
  const blocks = [...board].map(([status, cards]) => {
    const items = typeof cards === 'string' ? itemsOf(cards).map((card) => parseTree(card) as TreeMap) : []
    return [`${plainText(status)} (${items.length})`, ...items.map((card) => `  ${formatCard(card)}`)].join('\n')
  })
  return blocks.join('\n\n')
}

function formatCard(card: TreeMap): string {
  const notes = [
    card.get('owner') === 'null' ? undefined : `owner ${textOf(card.get('owner'))}`,
    card.has('lapsed') ? `claim of ${textOf(card.get('lapsed'))} ran out` : undefined,
    card.get('deprecated') === 'true' ? 'deprecated' : undefined,
    card.get('free') === 'true' ? 'free' : undefined,
  ].filter((note) => note !== undefined)
  const behind = notes.length === 0 ? '' : `  [${notes.join(', ')}]`
  return plainText(`${textOf(card.get('id'))}  ${textOf(card.get('title'))}${behind}`)
}
