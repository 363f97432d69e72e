import { GateError } from '../../../src/domain/base/errors.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { bareExplanation, type Explanation } from '../../../src/gate/explain/explanation.ts'
import type { Surveyed } from '../../../src/gate/explain/survey.ts'
import { attested, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const RULE = 'projects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }] }]'
export const POLICY = policyOf(`version: 1\n${RULE}`)
const WATCHING = policyOf(`version: 1\nmode: audit\n${RULE}`)

function fileOf(filename: string): Explanation['file'] {
  const { project, filename: dist, sha256 } = listed(filename)
  return { project, version: dist.version, filename, sha256 }
}

/** What `decide` says of a file, as a report is given it. */
function judged(filename: string, finding: Finding, policy: Policy = POLICY): Explanation {
  return bareExplanation(fileOf(filename), decide(listed(filename), finding, policy, NO_HISTORY, NOW))
}

export const ADMITTED = judged('pkg-1.0-py3-none-any.whl', attested())
export const REFUSED = judged('pkg-1.0.tar.gz', UNATTESTED)
/** admitted only because the policy watches */
export const WATCHED = judged('pkg-1.1.tar.gz', UNATTESTED, WATCHING)
export const UNKNOWN = bareExplanation(
  fileOf('pkg-1.2.tar.gz'),
  new GateError('unknown-upstream', 'no answer <from> it'),
)
export const UNLISTED = bareExplanation(fileOf('pkg-1.3.tar.gz'), new GateError('not-listed', 'it is gone'))
export const EVERY = [ADMITTED, REFUSED, WATCHED, UNKNOWN, UNLISTED]

/** A file of a lock, at line 10 of it. */
export function surveyed(explanation: Explanation, lock = '/src/uv.lock'): Surveyed {
  const { project, filename: dist } = listed(explanation.file.filename)
  return {
    lock,
    explanation,
    package: {
      project,
      version: dist.version,
      files: [],
      open: true,
      places: [],
      index: undefined,
      marker: undefined,
      line: 10,
      identities: [],
    },
  }
}
