import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { errorEntry, type GateError } from '../../domain/base/errors.ts'
import { REFUSALS } from '../../domain/base/refusal.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'
import { complaintOf } from './complaint.ts'
import type { LockReport } from './lock-report.ts'
import { nameOfUnjudged, UNJUDGED_WORDS, type UnjudgedEntry, unjudgedCode } from './unjudged.ts'

/**
 * SARIF 2.1.0 for code scanning: a result for each file that is not admitted and for what was not judged, at its line of the
 * lock, with a fingerprint over what it is about that stays the same while the lock moves. Nothing in it depends on when it was made.
 */
export function sarifOf({ surveyed, findings }: LockReport, version: string, folder: string): object {
  const results = [
    ...surveyed.flatMap(it => resultOf(it, folder) ?? []),
    ...findings.map(finding => findingResult(finding, folder)),
  ]
  const used = [...new Set(results.map(({ ruleId }) => ruleId))].sort()
  return {
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Portcullis', version, rules: used.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  }
}

function resultOf({ lock, package: locked, explanation }: Surveyed, folder: string) {
  const found = complaintOf(explanation)
  if (found === undefined) return undefined
  const { project, version, filename, sha256 } = explanation.file
  const purl = `pkg:pypi/${project}@${version ?? locked.version}?file_name=${filename}`
  return {
    ruleId: found.code,
    level: found.level,
    message: { text: `${filename}: ${found.message}` },
    locations: [locationOf({ lock, line: locked.line }, folder)],
    partialFingerprints: fingerprintOf(`${purl} ${sha256} ${found.code}`),
  }
}

function findingResult(finding: UnjudgedEntry, folder: string) {
  const code = unjudgedCode(finding)
  const name = nameOfUnjudged(finding)
  return {
    ruleId: code,
    level: 'error',
    message: { text: `${name}: not judged: ${finding.why}` },
    locations: [locationOf(finding, folder)],
    partialFingerprints: fingerprintOf(`${name} ${finding.why} ${code}`),
  }
}

function locationOf({ lock, line }: { readonly lock: string; readonly line: number }, folder: string): object {
  const uri = relative(folder, lock).split('\\').join('/') || lock
  return { physicalLocation: { artifactLocation: { uri }, region: { startLine: line } } }
}

function fingerprintOf(text: string): object {
  return { 'portcullis/v1': createHash('sha256').update(text).digest('hex') }
}

function ruleOf(id: string): object {
  const unjudged = Object.entries(UNJUDGED_WORDS).find(([kind]) => id === `not-judged-${kind}`)?.[1]
  if (unjudged !== undefined)
    return { id, name: id, shortDescription: { text: `not judged: ${unjudged.many}` }, help: { text: unjudged.remedy } }
  const refusal = Object.entries(REFUSALS).find(([code]) => code === id)?.[1]
  if (refusal !== undefined)
    return {
      id,
      name: id,
      shortDescription: { text: refusal.title },
      fullDescription: { text: refusal.meaning },
      help: { text: refusal.remedy },
    }
  const { title, remedy } = errorEntry(id as GateError['code'])
  return { id, name: id, shortDescription: { text: title }, help: { text: remedy } }
}
