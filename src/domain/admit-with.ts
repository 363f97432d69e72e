import type { Artifact } from './artifact.ts'
import type { Finding, VerifiedAttestation } from './attestation.ts'
import type { NonEmpty } from './brand.ts'
import type { Claims } from './claims.ts'
import type { History } from './history.ts'
import { publisherFor } from './identity.ts'
import { formatInstant, type Instant, instant } from './instant.ts'
import { type Objection, waiverOf } from './objection.ts'
import type { Rule } from './policy.ts'
import { matchPublisher, type ObservedPublisher } from './publisher.ts'
import type { Waiver } from './refusal.ts'
import { describeRule } from './verdict.ts'

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
  const publisher = attestations === undefined ? undefined : publisherOfAll(attestations)
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

/** The publisher that these attestations prove, ids pinned, as a policy writes it; `undefined` where no kind fits. */
export function provedPublisher(attestations: NonEmpty<VerifiedAttestation>): string | undefined {
  const publisher = publisherOfAll(attestations)
  return publisher === undefined ? undefined : publisherList(publisher)
}

/** The publisher of these claims, as {@link provedPublisher} writes it. */
export function publisherText(claims: Claims): string | undefined {
  const publisher = publisherFor(claims)
  return publisher === undefined ? undefined : publisherList(publisher)
}

function publisherOfAll(attestations: NonEmpty<VerifiedAttestation>): ObservedPublisher | undefined {
  const publisher = publisherFor(attestations[0].facts.claims)
  if (publisher === undefined) return undefined
  return attestations.every(({ facts }) => matchPublisher(publisher, facts).matched) ? publisher : undefined
}

function publisherList(...publishers: readonly ObservedPublisher[]): string {
  return lines(
    'publishers:',
    ...publishers.flatMap(publisher => {
      const [first, ...others] = publisherKeys(publisher)
      return [`  - ${first}`, ...others.map(line => `    ${line}`)]
    }),
  )
}

function publisherKeys(publisher: ObservedPublisher): readonly string[] {
  if (publisher.kind === 'google') return ['kind: google', `email: ${scalar(publisher.email)}`]
  const { refs, environment, repositoryId, ownerId } = publisher
  const own =
    publisher.kind === 'github'
      ? ['kind: github', `repository: ${scalar(publisher.repository)}`, `workflow: ${scalar(publisher.workflows[0])}`]
      : ['kind: gitlab', `project: ${scalar(publisher.project)}`, `config: ${scalar(publisher.config)}`]
  const signer = publisher.kind === 'github' ? publisher.signer : undefined
  return [
    ...own,
    refs && `ref: ${scalar(refs[0])}`,
    environment && `environment: ${scalar(environment)}`,
    repositoryId && `${publisher.kind === 'github' ? 'repository_id' : 'project_id'}: ${JSON.stringify(repositoryId)}`,
    ownerId && `owner_id: ${JSON.stringify(ownerId)}`,
    signer && `signer: { workflow: ${scalar(signer.workflow)}, ref: ${scalar(signer.refs[0])} }`,
  ].filter((line): line is string => line !== undefined && line !== '')
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

/** Plain where nothing else can be read into it, double-quoted (JSON is YAML) otherwise. */
function scalar(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) && !/^(?:true|false|null)$/i.test(text) ? text : JSON.stringify(text)
}

function lines(...parts: readonly string[]): string {
  return parts.join('\n')
}

function indent(spaces: number, text: string): string {
  return text.replace(/^/gm, ' '.repeat(spaces))
}
