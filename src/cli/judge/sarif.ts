import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { REFUSALS } from '../../domain/base/refusal.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'

interface Finding {
  readonly code: string
  readonly level: 'error' | 'warning' | 'note'
  readonly message: string
}

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
  const found = findingOf(explanation)
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

/** Why a file is not simply admitted; `undefined` where it is. */
export function findingOf({ outcome }: Surveyed['explanation']): Finding | undefined {
  if (outcome instanceof GateError) {
    const level = outcome.code === 'not-listed' ? 'error' : 'warning'
    return { code: outcome.code, level, message: outcome.detail }
  }
  if (outcome.kind === 'refused') return { code: outcome.code, level: 'error', message: outcome.detail }
  const { wouldRefuse } = outcome.facts
  if (wouldRefuse === undefined) return undefined
  return { code: wouldRefuse.code, level: 'note', message: `would be refused: ${wouldRefuse.detail}` }
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
