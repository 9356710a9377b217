/** Plain aligned text: no colour, no frames; a program reads --json. */

/** Others' text must not steer the terminal that shows it, nor break the lines of a table. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

export const plainText = (text: string): string => text.replace(CONTROL, '\uFFFD')

/** The last column is as long as it is; trailing spaces are left out. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(plainText))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))))
  const pad = (text: string, column: number): string => text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(text)))
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

const widthOf = (text: string): number => [...text].length
