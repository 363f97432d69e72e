import type { NonEmpty } from '../base/brand.ts'
import { formatInstant, type Instant, instant } from '../base/instant.ts'
import type { Waiver } from '../base/refusal.ts'
import type { Finding, VerifiedAttestation } from '../identity/attestation.ts'
import { isKnownKind, publisherFor } from '../identity/identity.ts'
import { matchPublisher, type ObservedPublisher } from '../identity/publisher.ts'
import { indent, lines, publisherList } from '../identity/publisher-text.ts'
import type { History } from '../memory/history.ts'
import type { Artifact } from '../packaging/artifact.ts'
import type { Rule } from '../policy/policy.ts'
import { describeRule } from '../policy/rule-ref.ts'
import { type Objection, waiverOf } from './objection.ts'

interface Refusing {
  readonly artifact: Artifact
  readonly finding: Finding
  readonly rule: Rule | undefined
  readonly attestations: NonEmpty<VerifiedAttestation> | undefined
  readonly standing: readonly Objection[]
  readonly history: History
  readonly now: Instant
}

const EXEMPTION_LIFE = 90 * 86_400_000

/**
 * The YAML that would admit the file: the publisher that was proved, or an exemption pinned to these bytes.
 * `undefined` where something speaks against the file that nothing may overcome.
 */
export function admitWith(refusing: Refusing): string | undefined {
  const { artifact, finding, rule, attestations, standing, history, now } = refusing
  if (standing.some(objection => objection.code !== 'no-rule' && waiverOf(objection) === undefined)) return undefined
  const publisher =
    attestations === undefined || isOfUnknownKind(finding, attestations) ? undefined : publisherOfAll(attestations)
  if (rule === undefined) {
    if (finding.kind === 'invalid') return undefined
    if (publisher !== undefined)
      return lines('projects:', `  - match: ${artifact.project}`, indent(4, publisherList(publisher)))
    const waive: NonEmpty<Waiver> = finding.kind === 'unattested' ? ['attestation'] : ['attestation', 'identity']
    return lines('projects:', `  - match: ${artifact.project}`, exemptionFor(artifact, waive, now))
  }
  if (publisher !== undefined && standing.every(({ code }) => code === 'publisher-mismatch'))
    return lines(`# in ${describeRule(rule.ref)}`, publisherList(publisher))
  if (publisher !== undefined && standing.every(({ code }) => code === 'publisher-changed')) {
    const first = history.first === undefined ? undefined : publisherFor(history.first.proof.claims)
    return lines(
      '# once somebody has looked at the change; the first identity stays, for the files that it signed',
      'projects:',
      `  - match: ${artifact.project}`,
      indent(4, publisherList(...(first === undefined ? [] : [first]), publisher)),
    )
  }
  const [first, ...others] = [...new Set(standing.flatMap(objection => waiverOf(objection) ?? []))]
  return first === undefined ? undefined : exemptionFor(artifact, [first, ...others], now)
}

/** A rule that names who signed would not help: the index names a kind that no rule can name. */
function isOfUnknownKind(finding: Finding, attestations: NonEmpty<VerifiedAttestation>): boolean {
  const bundles = finding.kind === 'attested' ? finding.bundles : []
  return bundles.some(bundle => bundle.attestations === attestations && !isKnownKind(bundle.publisher))
}

/** The publisher that these attestations prove, ids pinned, as a policy writes it; `undefined` where no kind fits. */
export function provedPublisher(attestations: NonEmpty<VerifiedAttestation>): string | undefined {
  const publisher = publisherOfAll(attestations)
  return publisher === undefined ? undefined : publisherList(publisher)
}

function publisherOfAll(attestations: NonEmpty<VerifiedAttestation>): ObservedPublisher | undefined {
  const publisher = publisherFor(attestations[0].facts.claims)
  if (publisher === undefined) return undefined
  return attestations.every(({ facts }) => matchPublisher(publisher, facts).matched) ? publisher : undefined
}

function exemptionFor({ project, filename, sha256 }: Artifact, waive: NonEmpty<Waiver>, now: Instant): string {
  const id = `EX-${project}-${filename.version}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 48)
  const expires = formatInstant(instant(now + EXEMPTION_LIFE)).slice(0, 10)
  return lines(
    'exemptions:',
    `  - id: ${id}-${sha256.slice(0, 8)}`,
    `    project: ${project}`,
    `    versions: "==${filename.version}"`,
    `    waive: [${waive.join(', ')}]`,
    `    files: { ${JSON.stringify(filename.text)}: "sha256:${sha256}" }`,
    `    reason: ${JSON.stringify(PLACEHOLDERS[0])}`,
    `    owner: ${JSON.stringify(PLACEHOLDERS[1])}`,
    `    expires: ${expires}`,
  )
}

/** What a person has to write in the place of: a policy that still has it does not compile. */
const PLACEHOLDERS: readonly string[] = ['say why this file may pass', 'say who answers for it']

export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.includes(text.trim())
}
