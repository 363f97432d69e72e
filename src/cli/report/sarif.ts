import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { errorEntry, type GateError } from '../../domain/base/errors.ts'
import { REFUSALS } from '../../domain/base/refusal.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'
import { complaintOf } from './complaint.ts'

/**
 * SARIF 2.1.0 for code scanning: a result for each file that is not admitted, at its line of the lock, with a fingerprint
 * over file and code that stays the same while the lock moves. Nothing in it depends on when it was made.
 */
export function sarifOf(surveyed: readonly Surveyed[], version: string, folder: string): object {
  const results = surveyed.flatMap(it => resultOf(it, folder) ?? [])
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
  const fingerprint = createHash('sha256').update(`${purl} ${sha256} ${found.code}`).digest('hex')
  return {
    ruleId: found.code,
    level: found.level,
    message: { text: `${filename}: ${found.message}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: relative(folder, lock).split('\\').join('/') || lock },
          region: { startLine: locked.line },
        },
      },
    ],
    partialFingerprints: { 'portcullis/v1': fingerprint },
  }
}

function ruleOf(id: string): object {
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
