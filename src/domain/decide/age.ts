import { formatInstant, type Instant, instant, type Millis } from '../base/instant.ts'
import type { VerifiedAttestation } from '../identity/attestation.ts'
import { arrivalOf, type History } from '../memory/history.ts'
import type { Artifact } from '../packaging/artifact.ts'
import type { Rule } from '../policy/policy.ts'
import { type Look, object, pass } from './objection.ts'
import { day } from './story.ts'

/** PyPI closes a release to new files after so many days. */
export const LATE_DAYS = 14
const DAY = 86_400_000

/**
 * The moment from which a file's age counts: the latest of the index's upload time, the log's signed time (an index cannot
 * backdate it) and the last moment when the project's page was read here and the file, with the sha256 it has, was not on it.
 * `undefined` where the index gives no upload time.
 */
function bornAt(artifact: Artifact, { attestations = [], history }: Evidence): Instant | undefined {
  const { uploaded } = artifact
  if (uploaded === undefined) return undefined
  const signed = attestations.map(({ facts }) => facts.signedAt)
  return instant(Math.max(uploaded, history.absentAt(artifact.filename.text) ?? 0, ...signed))
}

interface Evidence {
  /** of the bundle that decides; absent while nobody looked, and then the age can only become less */
  readonly attestations: readonly VerifiedAttestation[] | undefined
  readonly history: History
}

/** The rule's cooldown. */
export function lookAtAge(
  artifact: Artifact,
  { cooldown: { minAge }, ref }: Rule,
  evidence: Evidence,
  now: Instant,
): readonly Look[] {
  if (minAge === 0) return []
  const { text } = artifact.filename
  const born = bornAt(artifact, evidence)
  const expected = `${spell(minAge)} old`
  if (born === undefined)
    return [
      object(
        'upload-time-missing',
        `The index does not say when ${text} was uploaded, and ${ref.id} wants files to be ${expected}.`,
        { check: 'age', expected, found: 'no upload-time' },
      ),
    ]
  const since = `since ${formatInstant(born)}`
  if (now - born >= minAge) return [pass('age', since)]
  const passes = formatInstant(instant(born + minAge))
  return [
    object(
      'too-new',
      `${text} is there ${since}; ${ref.id} wants files to be ${expected}. It passes from ${passes} on.`,
      {
        check: 'age',
        expected,
        found: since,
      },
    ),
  ]
}

/**
 * A file that came to its release late, by the index's word or by what was seen here: that it was missing for longer than one odd
 * page lasts. A cooldown passes by itself, this does not.
 */
export function lookAtLateness(artifact: Artifact, { regression, ref }: Rule, history: History): readonly Look[] {
  if (regression.addedLate === 'allow') return []
  const { filename, uploaded } = artifact
  const released = history.releasedAt(filename.version)
  const came = arrivalOf({ uploaded, missed: history.missedAt(filename.text) })
  if (released === undefined || came === undefined || came - released <= LATE_DAYS * DAY) return []
  const found = `${Math.floor((came - released) / DAY)} days after`
  return [
    object(
      'added-late',
      `${filename.text} came on ${day(came)}, ${found} the first file of ${artifact.project} ${filename.version}; ${ref.id} denies files that come more than ${LATE_DAYS} days late.`,
      { check: 'added with its release', expected: `within ${LATE_DAYS} days`, found },
    ),
  ]
}

/** `3d`, `36h`, as a policy writes it. */
function spell(length: Millis): string {
  const units = [
    ['d', DAY],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const
  const [unit, size] = units.find(([, each]) => length % each === 0) ?? (['ms', 1] as const)
  return `${length / size}${unit}`
}
