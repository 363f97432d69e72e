import type { NonEmpty } from '../../domain/base/brand.ts'
import { nonEmpty } from '../../domain/base/brand.ts'
import type { Sha256 } from '../../domain/base/digest.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { Waiver } from '../../domain/base/refusal.ts'
import type { ObservedPublisher } from '../../domain/identity/publisher.ts'
import { publisherKeys, scalar } from '../../domain/identity/publisher-text.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'

/** A file of a lock as it was observed. */
export interface ObservedFile {
  readonly project: ProjectName
  readonly version: Version
  readonly filename: string
  readonly sha256: Sha256
  /** who signed it; `undefined`: nobody, or nobody whom a rule can name */
  readonly publisher: ObservedPublisher | undefined
  /** what an exemption must waive for it to pass; empty where its publisher suffices */
  readonly waive: readonly Waiver[]
}

export interface WriteOptions {
  /** names of the locks */
  readonly locks: readonly string[]
  readonly at: Instant
  /** who answers for the exemptions */
  readonly owner: string
  /** a date */
  readonly expires: string
  /** lines of comment: what no policy can admit */
  readonly remarks: readonly string[]
}

interface NamedPublisher {
  readonly name: string
  readonly publisher: ObservedPublisher
}

/**
 * A policy that admits exactly what was observed: each publisher once, a rule for each project, and for what nobody signed
 * an exemption that is pinned and ends.
 */
export function writePolicy(files: readonly ObservedFile[], options: WriteOptions): string {
  const publishers = namePublishers(mergeAll(files.flatMap(({ publisher }) => publisher ?? [])))
  const projects = [...Map.groupBy(files, ({ project }) => project)].sort(([a], [b]) => (a < b ? -1 : 1))
  const exemptions = projects.flatMap(([, own]) => exemptionsOf(own, options))
  return [
    ...header(files, publishers, options),
    'version: 1',
    'mode: enforce',
    '',
    'defaults:',
    '  attestation: required',
    '  unmatched: deny',
    '',
    ...(publishers.length === 0 ? [] : ['publishers:', ...publishers.flatMap(publisherLines), '']),
    'projects:',
    ...ruleLines(projects, publishers),
    ...(exemptions.length === 0 ? [] : ['', 'exemptions:', ...exemptions]),
    '',
  ].join('\n')
}

function header(
  files: readonly ObservedFile[],
  publishers: readonly NamedPublisher[],
  { locks, at, expires, remarks }: WriteOptions,
): readonly string[] {
  const attested = files.filter(({ publisher }) => publisher !== undefined).length
  const exempt = files.filter(({ waive }) => waive.length > 0).length
  const date = formatInstant(at).slice(0, 10)
  return [
    `Observed on ${date} in ${locks.join(', ')}: ${count(files.length, 'file')}, ${attested} attested by ${count(publishers.length, 'publisher')}.`,
    ...(exempt === 0
      ? []
      : [`${count(exempt, 'file')} that no publisher vouches for pass by their sha256, until ${expires}.`]),
    'Who signed is proved; who should have signed only you know: look at every publisher before you rely on it.',
    ...remarks,
    // what comes from outside must not end the comment
  ].map(line => `# ${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}`)
}

function publisherLines({ name, publisher }: NamedPublisher): readonly string[] {
  return [`  ${scalar(name)}:`, ...publisherKeys(publisher).map(line => `    ${line}`)]
}

/** Projects that somebody signed first, the others below one remark. */
function ruleLines(
  projects: readonly (readonly [ProjectName, readonly ObservedFile[]])[],
  publishers: readonly NamedPublisher[],
): readonly string[] {
  const rules = projects.map(([project, files]) => {
    const signers = files.flatMap(({ publisher }) => (publisher === undefined ? [] : [keyOf(publisher)]))
    const named = publishers.filter(({ publisher }) => signers.includes(keyOf(publisher)))
    return { match: `  - match: ${scalar(project)}`, names: named.map(({ name }) => scalar(name)) }
  })
  const signed = rules.filter(({ names }) => names.length > 0)
  const unsigned = rules.filter(({ names }) => names.length === 0)
  return [
    ...signed.flatMap(({ match, names }) => [match, `    publishers: [${names.join(', ')}]`]),
    ...(unsigned.length === 0 ? [] : ['  # nobody signed these: only what is exempted below passes']),
    ...unsigned.map(({ match }) => match),
  ]
}

/** One exemption for the files of a release that need the same. */
function exemptionsOf(files: readonly ObservedFile[], { owner, expires, at }: WriteOptions): readonly string[] {
  const groups = Map.groupBy(
    files.filter(({ waive }) => waive.length > 0),
    ({ version, waive }) => `${version} ${waive.join(', ')}`,
  )
  const ids = new Map<string, number>()
  return [...groups.values()].flatMap(group => {
    const [first] = group
    const waive = nonEmpty(first?.waive ?? [])
    if (first === undefined || waive === undefined) return []
    const { project, version } = first
    const stem = `EX-${project}-${version}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 58)
    const number = (ids.get(stem) ?? 0) + 1
    ids.set(stem, number)
    return [
      `  - id: ${scalar(number === 1 ? stem : `${stem}-${number}`)}`,
      `    project: ${scalar(project)}`,
      `    versions: "==${version}"`,
      `    waive: [${waive.join(', ')}]`,
      '    files:',
      ...group.map(({ filename, sha256 }) => `      ${JSON.stringify(filename)}: "sha256:${sha256}"`).sort(),
      `    reason: ${JSON.stringify(`${REASONS[waive[0]]} when it was observed on ${formatInstant(at).slice(0, 10)}`)}`,
      `    owner: ${JSON.stringify(owner)}`,
      `    expires: ${expires}`,
    ]
  })
}

/** Why a release needs what it needs. */
export const REASONS: Readonly<Record<Waiver, string>> = {
  attestation: 'the release had no attestation',
  identity: 'no rule can name who signed it',
  predicate: 'its predicate types are not allowed',
  slsa: 'its builder is not named',
  regression: 'it came to its release late',
  cooldown: 'it was young',
  yanked: 'it was yanked',
  status: 'its project was archived or deprecated',
}

// ---------------------------------------------------------------- publishers

/** What makes a publisher another one; refs of the same are joined. */
function keyOf(publisher: ObservedPublisher): string {
  switch (publisher.kind) {
    case 'google':
      return JSON.stringify([publisher.kind, publisher.email])
    case 'github': {
      const { repository, workflows, repositoryId, ownerId, environment, signer } = publisher
      return JSON.stringify(['github', repository, workflows, repositoryId, ownerId, environment, signer?.workflow])
    }
    case 'gitlab': {
      const { project, config, repositoryId, ownerId, environment } = publisher
      return JSON.stringify(['gitlab', project, config, repositoryId, ownerId, environment])
    }
    case 'circleci': {
      const { projectId, pipelineDefinitionId, organizationId, vcsOrigin } = publisher
      return JSON.stringify(['circleci', projectId, pipelineDefinitionId, organizationId, vcsOrigin])
    }
    default:
      return publisher satisfies never
  }
}

/** Each publisher once, with every ref that was seen of it. */
export function mergeAll(publishers: readonly ObservedPublisher[]): readonly ObservedPublisher[] {
  return [...Map.groupBy(publishers, keyOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, same]) => {
      const [first] = same
      return first === undefined ? [] : [mergeRefs(first, same)]
    })
}

/** A certificate without a ref can be demanded no ref of. */
function mergeRefs(first: ObservedPublisher, same: readonly ObservedPublisher[]): ObservedPublisher {
  if (first.kind === 'google') return first
  const refs = same.map(publisher => (publisher.kind === 'google' ? undefined : publisher.refs))
  const joined = refs.some(own => own === undefined) ? undefined : unique(refs.flatMap(own => own ?? []))
  if (first.kind === 'gitlab' || first.kind === 'circleci') return { ...first, refs: joined }
  const signerRefs = unique(
    same.flatMap(publisher => (publisher.kind === 'github' ? (publisher.signer?.refs ?? []) : [])),
  )
  const signer =
    first.signer === undefined || signerRefs === undefined ? undefined : { ...first.signer, refs: signerRefs }
  return { ...first, refs: joined, signer }
}

function unique(texts: readonly string[]): NonEmpty<string> | undefined {
  return nonEmpty([...new Set(texts)].sort())
}

/** `acme-pkg`, with the workflow where a repository has several, with a number where that is not enough. */
function namePublishers(publishers: readonly ObservedPublisher[]): readonly NamedPublisher[] {
  const short = Map.groupBy(publishers, shortName)
  const taken = new Set<string>()
  return publishers
    .map(publisher => {
      const alone = short.get(shortName(publisher))?.length === 1
      const stem = (alone ? shortName(publisher) : longName(publisher)).slice(0, 58)
      let name = stem
      for (let number = 2; taken.has(name); number += 1) name = `${stem}-${number}`
      taken.add(name)
      return { name, publisher }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What a publisher is called, as long as nobody else is. */
export function shortName(publisher: ObservedPublisher): string {
  if (publisher.kind === 'google') return plain(publisher.email)
  if (publisher.kind === 'circleci') return plain(publisher.vcsOrigin ?? `circleci-${publisher.projectId}`)
  return plain(publisher.kind === 'github' ? publisher.repository : publisher.project)
}

/** The same with its workflow, where a repository has several. */
export function longName(publisher: ObservedPublisher): string {
  if (publisher.kind === 'google' || publisher.kind === 'circleci') return shortName(publisher)
  const file = publisher.kind === 'github' ? publisher.workflows[0] : publisher.config
  return plain(`${shortName(publisher)}-${file.replace(/\.ya?ml$/, '')}`)
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9._]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'publisher'
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
