import { GateError } from '../../domain/base/errors.ts'
import { isUnknown, type Surveyed } from '../../gate/explain/survey.ts'
import { complaintOf } from './complaint.ts'

/** JUnit XML: a suite for each lock, a case for each file; what cannot be told is an error, not a failure. */
export function junitOf(surveyed: readonly Surveyed[]): string {
  const suites = [...Map.groupBy(surveyed, ({ lock }) => lock)].map(([lock, files]) => suiteOf(lock, files))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="portcullis audit">\n${suites.join('')}</testsuites>\n`
}

function suiteOf(lock: string, files: readonly Surveyed[]): string {
  const failures = files.filter(it => isFailure(it)).length
  const errors = files.filter(({ explanation }) => isUnknown(explanation)).length
  const cases = files.map(caseOf).join('')
  return `  <testsuite name="${escapeXml(lock)}" tests="${files.length}" failures="${failures}" errors="${errors}">\n${cases}  </testsuite>\n`
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
