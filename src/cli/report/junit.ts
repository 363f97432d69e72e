import { GateError } from '../../domain/base/errors.ts'
import { isUnknown, type Surveyed } from '../../gate/explain/survey.ts'
import { complaintOf } from './complaint.ts'
import type { LockReport } from './lock-report.ts'
import { nameOfUnjudged, type UnjudgedEntry, unjudgedCode } from './unjudged.ts'

/**
 * JUnit XML: a suite for each lock, a case for each file and for what was not judged; what cannot be determined is an error, not a
 * failure.
 */
export function junitOf({ surveyed, findings }: LockReport): string {
  const locks = new Set([...surveyed, ...findings].map(({ lock }) => lock))
  const suites = [...locks].map(lock =>
    suiteOf(lock, {
      surveyed: surveyed.filter(it => it.lock === lock),
      findings: findings.filter(it => it.lock === lock),
    }),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="portcullis audit">\n${suites.join('')}</testsuites>\n`
}

function suiteOf(lock: string, { surveyed, findings }: LockReport): string {
  const failures = surveyed.filter(it => isFailure(it)).length + findings.length
  const errors = surveyed.filter(({ explanation }) => isUnknown(explanation)).length
  const cases = [...surveyed.map(caseOf), ...findings.map(findingCase)].join('')
  return `  <testsuite name="${escapeXml(lock)}" tests="${surveyed.length + findings.length}" failures="${failures}" errors="${errors}">\n${cases}  </testsuite>\n`
}

function isFailure({ explanation: { outcome } }: Surveyed): boolean {
  return outcome instanceof GateError ? outcome.code === 'not-listed' : outcome.kind === 'refused'
}

function caseOf(it: Surveyed): string {
  const { explanation, package: locked } = it
  const { project, version, filename } = explanation.file
  const head = `    <testcase classname="${escapeXml(`${project}.${version ?? locked.version}`)}" name="${escapeXml(filename)}" line="${locked.line}"`
  const found = complaintOf(explanation)
  if (found === undefined) return `${head}/>\n`
  const element = isFailure(it) ? 'failure' : isUnknown(explanation) ? 'error' : 'system-out'
  const text = escapeXml(found.message)
  const inner =
    element === 'system-out'
      ? `<system-out>${escapeXml(found.code)}: ${text}</system-out>`
      : `<${element} type="${escapeXml(found.code)}" message="${text}"/>`
  return `${head}>${inner}</testcase>\n`
}

function findingCase(finding: UnjudgedEntry): string {
  const code = unjudgedCode(finding)
  const head = `    <testcase classname="${code}" name="${escapeXml(nameOfUnjudged(finding))}" line="${finding.line}"`
  return `${head}><failure type="${code}" message="${escapeXml(finding.why)}"/></testcase>\n`
}

/** XML 1.0: what it has no room for is gone, the rest is escaped. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/[\n\r\t]/g, character => `&#${character.charCodeAt(0)};`)
}
