/** What every bench needs: numbers of many samples, a table, sections that are chosen by word, and the product under test. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { OpenMemoryOptions, SharedMemory } from '../../src/index.js'
import { runCleanups } from '../support/cleanup.js'

export interface Row {
  what: string
  /** Already with its unit. */
  cells: string[]
}

export interface Section {
  name: string
  /** Of the cells. */
  columns: readonly string[]
  run: () => Promise<Row[]>
}

export class Samples {
  readonly values: number[] = []

  add(value: number): void {
    this.values.push(value)
  }

  at(share: number): number {
    const sorted = [...this.values].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  }

  get median(): number {
    return this.at(0.5)
  }
}

export const ms = (value: number): string => `${value.toFixed(value < 1 ? 3 : value < 100 ? 2 : 0)} ms`
export const times = (value: number): string => `${value.toFixed(2)} x`
export const perSecond = (count: number, elapsedMs: number): string => `${Math.round((count / elapsedMs) * 1000).toLocaleString('en-US')}/s`

/** Median, p99 and the ratio of the medians. */
export const latencyRow = (what: string, samples: Samples, floor: Samples): Row => ({
  what,
  cells: [ms(samples.median), ms(samples.at(0.99)), times(samples.median / floor.median)],
})

/** Calls one after another, and how long each takes. */
export async function each(count: number, action: (i: number) => Promise<unknown>): Promise<Samples> {
  const samples = new Samples()
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await action(i)
    samples.add(performance.now() - start)
  }
  return samples
}

/** `width` at a time until `count` are done. Returns the time for all, ms. */
export async function inFlight(width: number, count: number, action: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const start = performance.now()
  const lane = async (): Promise<void> => {
    while (next < count) await action(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
  return performance.now() - start
}

/** The library of the build. */
export async function openLibrary(options: OpenMemoryOptions): Promise<SharedMemory> {
  const library = pathToFileURL(fileURLToPath(new URL('../../dist/index.js', import.meta.url))).href
  const { openMemory } = (await import(library)) as typeof import('../../src/index.js')
  return openMemory(options)
}

/** CPU time that a process has used, ms. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10 // clock ticks of 10 ms
}

/** Resident memory of a process, MB. */
export const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024

/** Bytes that a process has written, as write(2) counts them. */
export const writtenBy = (pid: number): number => Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? NaN)

export const sleep = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs))

/** Where a program of the system is; null: not installed. */
export function which(program: string): string | null {
  const found = (process.env['PATH'] ?? '').split(':').map((folder) => `${folder}/${program}`)
  return found.find((path) => existsSync(path)) ?? null
}

/** Runs the sections that were asked for, prints their tables, ends everything that was started. */
export async function runSections(sections: readonly Section[]): Promise<void> {
  const words = process.argv.slice(2)
  console.log(machine())
  try {
    for (const section of sections) {
      if (words.length > 0 && !words.some((word) => section.name.includes(word))) continue
      const before = os.loadavg()[0]!.toFixed(2)
      const rows = await section.run()
      console.log(`\n## ${section.name}\n\nLoad before: ${before}\n\n${table(section.columns, rows)}`)
    }
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  } finally {
    await runCleanups()
    rmSync(fileURLToPath(import.meta.url), { force: true }) // the bundle
    process.exit() // connections of clients may be open still
  }
}

function table(columns: readonly string[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const all = [['', ...columns], ['---', ...columns.map(() => '---')], ...rows.map(({ what, cells }) => [what, ...cells])]
  return all.map(line).join('\n')
}

function machine(): string {
  const cpus = os.cpus()
  const redis = which('redis-server') === null ? 'no Redis' : `Redis ${/v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? '?'}`
  return `${new Date().toISOString().slice(0, 16)}Z, ${os.type()} ${os.release()}, ${cpus.length} x ${cpus[0]?.model ?? '?'}, Node ${process.version}, ${redis}`
}
