import { readdir, readFile } from 'node:fs/promises'

/** Of this machine's processes, those that have this path in their arguments or their environment. */
export async function processesIn(path: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const texts = await Promise.all(['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')))
    if (texts.join('\0').includes(path)) found.push(`${pid} ${texts[0]!.replaceAll('\0', ' ')}`)
  }
  return found
}
