/** The verdict of all checks, as people and the readers of the legacy health scripts know it. */
import { CHECKS } from './all-checks.js'
import type { Finding, Level, Section } from './check.js'
import type { Facts } from './facts.js'

export interface Report {
  healthy: boolean
  /** Per cent. */
  score: number
  passed: number
  counted: number
  findings: (Finding & { name: string; section: Section })[]
}

export function examine(facts: Facts): Report {
  const findings = CHECKS.map((check) => ({ name: check.name, section: check.section, ...check.look(facts) }))
  const counted = findings.filter(({ level }) => level !== 'off')
  const passed = counted.filter(({ level }) => level !== 'bad').length
  return {
    healthy: passed === counted.length,
    score: counted.length === 0 ? 100 : Math.floor((100 * passed) / counted.length),
    passed,
    counted: counted.length,
    findings,
  }
}

const MARKS: Readonly<Record<Level, string>> = { ok: '✅', warn: '⚠️ ', bad: '❌', off: '-' }

/** Names and reasons hold what others wrote: none of it becomes a line of its own, or moves the cursor. */
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')

export function formatReport(report: Report): string {
  const lines: string[] = []
  let section: Section | undefined
  for (const finding of report.findings) {
    if (finding.section !== section) {
      if (section !== undefined) lines.push('')
      lines.push(`${finding.section}:`)
      section = finding.section
    }
    lines.push(`  ${MARKS[finding.level]} ${oneLine(finding.text)}`)
    if (finding.wayOut !== undefined) lines.push(`     → ${oneLine(finding.wayOut)}`)
  }
  const failed = report.counted - report.passed
  lines.push('', `=== Health Score: ${report.score}% (${report.passed}/${report.counted}) ===`)
  lines.push(report.healthy ? '✅ All checks passed' : `❌ ${failed} check${failed === 1 ? '' : 's'} failed`)
  return lines.join('\n')
}

/** What was repaired before the look, and what was left. */
export function formatRepairs({ done, left }: { done: readonly string[]; left: readonly string[] }): string {
  if (done.length === 0 && left.length === 0) return 'Repairs:\n  - nothing to repair'
  return ['Repairs:', ...done.map((text) => `  ✅ ${oneLine(text)}`), ...left.map((text) => `  - left: ${oneLine(text)}`)].join('\n')
}
