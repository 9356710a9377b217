/** Not `push(...more)`: thousands of writes may wait, and a call takes only so many arguments. */
export function addAll<T>(to: T[], more: Iterable<T>): void {
  for (const item of more) to.push(item)
}
