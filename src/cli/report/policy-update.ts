import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import { publisherKeys } from '../../domain/identity/publisher-text.ts'
import type { LeftOut } from '../../gate/explain/observe-locks.ts'
import type { NamedSigner } from '../../protocol/amend/add-publishers.ts'
import type { Removed } from '../../protocol/amend/remove-clauses.ts'
import type { Renewed } from '../../protocol/amend/renew-exemptions.ts'
import { nearPath } from '../terminal/near-path.ts'
import { type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

/** A release of which files pass by their bytes alone now. */
export interface ReleaseChange {
  readonly project: string
  readonly version: string
  readonly files: number
  readonly waive: readonly string[]
  readonly exemption: string
  /** when it came, by what is remembered; `undefined` where nothing is */
  readonly released: Instant | undefined
  /** of its files, by a gate on this machine; `undefined` where there is none */
  readonly downloads: number | undefined
  /** who signed these files, in a few words; empty where nobody did */
  readonly signers: readonly string[]
  /** how the rule that decided the project so far calls those whom it names */
  readonly expected: readonly string[]
  /** the newest version of the project before this one that was seen attested */
  readonly attestedBefore: string | undefined
  /** whether a file of this release was seen attested, whether or not one of these */
  readonly attestedBeside: boolean
}

export interface ExemptionChange {
  readonly id: string
  readonly owner: string
  readonly expires: string
  /** beside the policy */
  readonly pins: string | undefined
}

export interface TextChange {
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/** All that an update changes, or would. */
export interface PolicyUpdate {
  readonly signers: readonly NamedSigner[]
  readonly releases: readonly ReleaseChange[]
  /** projects that got a rule which names nobody */
  readonly rules: readonly string[]
  readonly exemptions: readonly ExemptionChange[]
  readonly renewed: readonly Renewed[]
  readonly removed: Removed
  readonly leftOut: readonly LeftOut[]
  readonly texts: readonly TextChange[]
  readonly now: Instant
  /** what was given as the policy */
  readonly policy: readonly string[]
}

/** Who came first, then what nobody signed, by name: as a person reviews it. */
export function renderPolicyUpdate(screen: Screen, update: PolicyUpdate): void {
  const { signers, releases, rules, exemptions, renewed, removed, leftOut, texts, now } = update
  renderSigners(screen, signers, releases)
  renderReleases(screen, releases, now)
  section(screen, 'New rules that name nobody', rules.length)
  for (const project of rules.toSorted()) screen.line('  ', styled('doubt', '+'), ` ${project}`)
  section(screen, 'New exemptions', exemptions.length)
  for (const { id, owner, expires, pins } of exemptions)
    screen.line(
      '  ',
      styled('doubt', '+'),
      ` ${id}, until ${expires} (${owner})${pins === undefined ? '' : `, ${pins}`}`,
    )
  section(screen, 'Ends moved', renewed.length)
  for (const { exemption, owner, from, to } of renewed)
    screen.line('  ', styled('doubt', '~'), ` ${exemption}: was until ${from}, now until ${to} (${owner})`)
  renderRemoved(screen, removed)
  renderLeftOut(screen, 'Left out: the exemption has ended', leftOut.filter(hasEnded).map(withRenewal))
  renderLeftOut(
    screen,
    'Left out: no policy should admit what fails',
    leftOut.filter(it => !hasEnded(it)),
  )
  if (texts.length > 0) screen.line()
  for (const text of texts) screen.line(describeText(text))
}

function section(screen: Screen, title: string, entries: number): void {
  if (entries > 0) screen.line(styled('strong', title), ` (${entries})`)
}

function renderSigners(screen: Screen, signers: readonly NamedSigner[], releases: readonly ReleaseChange[]): void {
  const isChange = ({ before }: NamedSigner) => before.length > 0
  const sorted = signers.toSorted(byProject)
  const changed = sorted.filter(isChange)
  const strangers = releases.filter(isStrange).toSorted(byProject)
  const others = strangers.filter(({ expected }) => expected.length > 0)
  const unexpected = strangers.filter(({ expected }) => expected.length === 0)
  section(screen, 'Other publishers than so far', changed.length + others.length)
  for (const signer of changed) {
    screen.line('  ', styled('bad', '!'), ` ${what(signer)}  ${describe(signer)}`)
    screen.line(`      until now ${signer.before.join(', ')}`)
  }
  for (const it of others)
    screen.line('  ', styled('bad', '!'), ` ${signing(it)}; the rule expects ${it.expected.join(', ')}`)
  section(screen, 'Signed by somebody whom no rule names', unexpected.length)
  for (const it of unexpected) screen.line('  ', styled('bad', '!'), ` ${signing(it)}`)
  const fresh = sorted.filter(signer => !isChange(signer))
  section(screen, 'New publishers', fresh.length)
  for (const signer of fresh) screen.line('  ', styled('good', '+'), ` ${what(signer)}  ${describe(signer)}`)
}

/** Somebody signed it, and it passes without a rule that names them. */
function isStrange({ signers, waive }: ReleaseChange): boolean {
  return signers.length > 0 && waive.includes('identity')
}

function signing({ project, version, signers }: ReleaseChange): string {
  return `${project} ${version} is signed by ${signers.join(', ')}`
}

/** The first signer of a project, whom a rule names beside another, was not looked for. */
function what({ project, versions }: NamedSigner): string {
  return versions.length === 0 ? `${project}, so far` : `${project} ${versions.join(', ')}`
}

function describe({ publisher, name, known }: NamedSigner): string {
  const keys = publisherKeys(publisher).map(key => key.replace(/^[a-z_]+: /, '').replaceAll('"', ''))
  const called = name === undefined ? '' : ` (${name}${known ? '' : ', new'})`
  return `${keys.slice(0, 3).join(' ')}${called}`
}

function renderReleases(screen: Screen, releases: readonly ReleaseChange[], now: Instant): void {
  const sorted = releases.toSorted(byProject)
  const isUnattested = ({ waive }: ReleaseChange) => waive.includes('attestation')
  renderPinned(screen, 'Unattested releases', sorted.filter(isUnattested), now)
  renderPinned(
    screen,
    'Other releases that pass by their bytes',
    sorted.filter(it => !isUnattested(it)),
    now,
  )
}

function renderPinned(screen: Screen, title: string, releases: readonly ReleaseChange[], now: Instant): void {
  section(screen, title, releases.length)
  for (const it of releases) {
    screen.line('  ', styled('doubt', '+'), ` ${it.project} ${it.version}  ${factsOf(it, now).join(', ')}`)
    screen.line(`      ${it.exemption} waives ${it.waive.join(', ')}`)
  }
}

function factsOf({ files, released, downloads, ...rest }: ReleaseChange, now: Instant): readonly string[] {
  return [
    counted(files, 'file'),
    ...(released === undefined ? [] : [`${counted(daysSince(released, now), 'day')} old`]),
    ...(downloads === undefined ? [] : [`${counted(downloads, 'download')} of ours`]),
    evidenceOf(rest),
  ]
}

function evidenceOf({
  signers,
  attestedBefore,
  attestedBeside,
}: Pick<ReleaseChange, 'signers' | 'attestedBefore' | 'attestedBeside'>): string {
  if (signers.length > 0) return `signed by ${signers.join(', ')}`
  if (attestedBeside) return 'its release was seen attested'
  return attestedBefore === undefined ? 'never seen attested' : `attested before (${attestedBefore})`
}

function daysSince(at: Instant, now: Instant): number {
  return Math.max(0, Math.floor((now - at) / 86_400_000))
}

function renderRemoved(screen: Screen, removed: Removed): void {
  const { rules, exemptions, publishers, pins } = removed
  const rows = [
    ['rule', rules],
    ['exemption', exemptions],
    ['pins', pins],
    ['publisher', publishers],
  ] as const
  section(
    screen,
    'Removed: no lock has it',
    rows.reduce((sum, [, names]) => sum + names.length, 0),
  )
  for (const [what, names] of rows) for (const name of names) screen.line('  ', styled('good', '-'), ` ${what} ${name}`)
}

function renderLeftOut(screen: Screen, title: string, leftOut: readonly LeftOut[]): void {
  section(screen, title, leftOut.length)
  for (const { filename, why, remedy } of leftOut) {
    screen.prose(['  ', styled('bad', '✗'), ' '], `${filename}: ${why}`)
    screen.prose(['    '], remedy)
  }
}

/** Nothing fails: somebody said until when it may pass. */
function hasEnded({ why }: LeftOut): boolean {
  return why.startsWith('exemption-expired, ')
}

function withRenewal(it: LeftOut): LeftOut {
  return { ...it, remedy: 'It ended. --renew 90d, with the lock that has the file, brings it back.' }
}

/** How many projects somebody else signs than so far, in a sentence; `undefined` where none. */
export function tellOtherSigners({
  signers,
  releases,
}: Pick<PolicyUpdate, 'signers' | 'releases'>): string | undefined {
  const projects = new Set([
    ...signers.filter(({ before }) => before.length > 0).map(({ project }) => project),
    ...releases.filter(it => isStrange(it) && it.expected.length > 0).map(({ project }) => project),
  ])
  if (projects.size === 0) return undefined
  return projects.size === 1
    ? '1 project is signed by somebody else than so far: look at it before you rely on it'
    : `${projects.size} projects are signed by somebody else than so far: look at them before you rely on them`
}

/** Which files are written, and what comes of that. */
export function tellWritten({ texts }: Pick<PolicyUpdate, 'texts'>): string {
  const names = texts.filter(({ after }) => after !== undefined).map(({ path }) => nearPath(path))
  const [are, them] = names.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${names.join(', ')} ${are} written: a gate that runs with this policy takes ${them} within seconds (--check shows a change first)`
}

function describeText({ path, before, after }: TextChange): string {
  const name = nearPath(path)
  if (after === undefined) return `${name}: goes`
  const { came, went } = countLines(before ?? '', after)
  return before === undefined
    ? `${name}: new, ${counted(came, 'line')}`
    : `${name}: ${counted(came, 'line')} more, ${went} less`
}

function countLines(before: string, after: string): { readonly came: number; readonly went: number } {
  const left = new Map<string, number>()
  for (const line of linesOf(before)) left.set(line, (left.get(line) ?? 0) + 1)
  let came = 0
  for (const line of linesOf(after)) {
    const count = left.get(line) ?? 0
    if (count === 0) came += 1
    else left.set(line, count - 1)
  }
  return { came, went: [...left.values()].reduce((sum, count) => sum + count, 0) }
}

function linesOf(text: string): readonly string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .slice(text === '' ? 1 : 0)
}

function byProject(a: { readonly project: string }, b: { readonly project: string }): number {
  return a.project < b.project ? -1 : a.project > b.project ? 1 : 0
}

/** The same for programs, times as RFC 3339, absent values null. */
export function policyUpdateJson(update: PolicyUpdate, written: boolean): object {
  const { signers, releases, rules, exemptions, renewed, removed, leftOut, texts, now } = update
  return {
    policy: update.policy.map(nearPath),
    changed: texts.length > 0,
    written,
    publishers: signers
      .toSorted(byProject)
      .map(({ project, versions, name, written: publisher, known, before, rule }) => {
        return { project, versions, name: name ?? null, publisher, new: !known, before, rule }
      }),
    releases: releases
      .toSorted(byProject)
      .map(({ released, downloads, attestedBefore, attestedBeside, signers, ...rest }) => ({
        ...rest,
        signed_by: signers,
        released: released === undefined ? null : formatInstant(released),
        days: released === undefined ? null : daysSince(released, now),
        downloads: downloads ?? null,
        attested_before: attestedBefore ?? (signers.length > 0 || attestedBeside ? true : null),
      })),
    rules: rules.toSorted(),
    exemptions: exemptions.map(({ pins, ...rest }) => ({ ...rest, pins: pins ?? null })),
    renewed,
    removed,
    left_out: leftOut.map(it => (hasEnded(it) ? withRenewal(it) : it)),
    files: texts.map(({ path, before, after }) => ({
      path: nearPath(path),
      change: before === undefined ? 'new' : after === undefined ? 'removed' : 'changed',
      ...countLines(before ?? '', after ?? ''),
    })),
  }
}
