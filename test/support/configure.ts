import { mkdir, writeFile } from 'node:fs/promises'

/** The config file of whoever has this folder as HOME; `base`: in place of `.config` in it. */
export async function configure(home: string, config: object, base = `${home}/.config`): Promise<void> {
  await mkdir(`${base}/memory_sync`, { recursive: true })
  await writeFile(`${base}/memory_sync/config.json`, JSON.stringify(config))
}
