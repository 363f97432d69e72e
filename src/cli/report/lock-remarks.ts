import { errorEntry, type GateError } from '../../domain/base/errors.ts'
import { REFUSALS } from '../../domain/base/refusal.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'
import type { Remark, Rule } from '../remarks/remark.ts'
import { complaintOf } from './complaint.ts'
import type { LockReport } from './lock-report.ts'
import { nameOfUnjudged, UNJUDGED_WORDS, type UnjudgedEntry, unjudgedCode } from './unjudged.ts'

/** What is to be said of locks that were judged: of each file that is not admitted, and of what was not judged. */
export function lockRemarks({ surveyed, findings }: LockReport): readonly Remark[] {
  return [...surveyed.flatMap(remarkOn), ...findings.map(remarkOnUnjudged)]
}

function remarkOn({ lock, package: locked, explanation }: Surveyed): readonly Remark[] {
  const found = complaintOf(explanation)
  if (found === undefined) return []
  const { project, version, filename, sha256 } = explanation.file
  const purl = `pkg:pypi/${project}@${version ?? locked.version}?file_name=${filename}`
  return [
    {
      rule: ruleOf(found.code),
      level: found.level,
      message: `${filename}: ${found.message}`,
      lock: locked.from ?? lock,
      line: locked.line,
      about: `${purl} ${sha256} ${found.code}`,
    },
  ]
}

function remarkOnUnjudged(entry: UnjudgedEntry): Remark {
  const { kind, lock, from, line, why } = entry
  const { many, remedy } = UNJUDGED_WORDS[kind]
  const id = unjudgedCode(entry)
  const name = nameOfUnjudged(entry)
  return {
    rule: { id, title: `not judged: ${many}`, help: remedy },
    level: 'error',
    message: `${name}: not judged: ${why}`,
    lock: from ?? lock,
    line,
    about: `${name} ${why} ${id}`,
  }
}

function ruleOf(id: string): Rule {
  const refusal = Object.entries(REFUSALS).find(([code]) => code === id)?.[1]
  if (refusal !== undefined) return { id, title: refusal.title, meaning: refusal.meaning, help: refusal.remedy }
  const { title, remedy } = errorEntry(id as GateError['code'])
  return { id, title, help: remedy }
}
