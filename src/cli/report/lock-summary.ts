import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import type { Exemption, Policy } from '../../domain/policy/policy.ts'
import type { Explanation } from '../../gate/explain/explanation.ts'
import { isUnknown, onePerFile, onSilentIndex, type Surveyed, settingsOfSilent } from '../../gate/explain/survey.ts'
import type { Lock, Unjudged, UnjudgedKind } from '../../protocol/lockfiles/lock.ts'
import { type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { UNJUDGED_WORDS } from './unjudged.ts'

/** What a manager wants to know of locks: how much is attested, by whom, what is exempted and until when. */
export interface LockSummary {
  readonly locks: number
  readonly packages: number
  readonly files: number
  readonly attested: number
  /** owners of repositories, or addresses, by the files that they signed; most first */
  readonly signers: readonly { readonly signer: string; readonly files: number }[]
  readonly admitted: number
  readonly exempted: readonly {
    readonly id: string
    readonly files: number
    readonly ends: string
    readonly owner: string
  }[]
  /** in `audit` mode: admitted, though it would be refused */
  readonly watched: number
  readonly refused: readonly { readonly code: string; readonly files: number }[]
  readonly notListed: number
  readonly unknown: number
  /** named by a lock, and not judged */
  readonly skipped: number
  /** the same by what it is, and by index where it comes from another */
  readonly unjudged: readonly { readonly kind: UnjudgedKind; readonly index: string | null; readonly entries: number }[]
  /** packages of which the lock leaves files open */
  readonly unpinned: number
  /** unattested because the index's pages know no PEP 740 */
  readonly silent: number
  /** what would have another index asked about them, as the configuration calls it */
  readonly settings: readonly string[]
}

export function summarise(locks: readonly Lock[], surveyed: readonly Surveyed[], policy: Policy): LockSummary {
  const explanations = onePerFile(surveyed).map(({ explanation }) => explanation)
  const verdicts = explanations.flatMap(({ file, outcome }) =>
    outcome instanceof GateError ? [] : [{ file, outcome }],
  )
  const admitted = verdicts.flatMap(({ file, outcome }) =>
    outcome.kind === 'admitted' ? [{ file, facts: outcome.facts }] : [],
  )
  const packages = locks.flatMap(lock => lock.packages)
  const unjudged = locks.flatMap(lock => lock.unjudged)
  const exemptions = admitted.flatMap(({ file, facts }) => {
    if (facts.by !== 'exemption') return []
    const { project } = facts.artifact
    return policy
      .exemptionsFor(project)
      .filter(({ id }) => facts.rule?.id === `exemption ${id}`)
      .map(exemption => ({ exemption, file }))
  })
  return {
    locks: locks.length,
    packages: new Set(
      // what builds take stands in no lock
      [...packages, ...surveyed.map(it => it.package)].map(({ project, version }) => `${project} ${version}`),
    ).size,
    files: explanations.length,
    attested: explanations.filter(({ signed }) => signed !== undefined).length,
    signers: tallied(explanations.flatMap(explanation => signerOf(explanation) ?? [])).map(([signer, files]) => ({
      signer,
      files,
    })),
    admitted: admitted.length,
    exempted: endings(exemptions.map(({ exemption }) => exemption)),
    watched: admitted.filter(({ facts }) => facts.by === 'audit').length,
    refused: tallied(verdicts.flatMap(({ outcome }) => (outcome.kind === 'refused' ? [outcome.code] : []))).map(
      ([code, files]) => ({ code, files }),
    ),
    notListed: explanations.filter(({ outcome }) => outcome instanceof GateError && outcome.code === 'not-listed')
      .length,
    unknown: explanations.filter(isUnknown).length,
    skipped: unjudged.length,
    unjudged: groupUnjudged(unjudged),
    unpinned: packages.filter(({ open }) => open).length,
    silent: onSilentIndex(onePerFile(surveyed)),
    settings: settingsOfSilent(surveyed),
  }
}

function groupUnjudged(unjudged: readonly Unjudged[]): LockSummary['unjudged'] {
  const groups = Map.groupBy(unjudged, ({ kind, index }) => JSON.stringify([kind, index]))
  return [...groups.values()].flatMap(same => {
    const [first] = same
    return first === undefined ? [] : [{ kind: first.kind, index: first.index ?? null, entries: same.length }]
  })
}

/** `acme` of acme/pkg, or the certificate's name. */
function signerOf({ signed }: Explanation): string | undefined {
  const claims = signed?.attestations[0].facts.claims
  if (claims === undefined) return undefined
  const owner = /^https:\/\/(github|gitlab)\.com\/([^/]+)\//.exec(claims.sourceRepositoryUri ?? '')
  return owner === null ? claims.san.value : `${owner[1]}.com/${owner[2]}`
}

function tallied(words: readonly string[]): readonly (readonly [word: string, count: number])[] {
  return [...Map.groupBy(words, word => word)]
    .map(([word, all]) => [word, all.length] as const)
    .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
}

function endings(exemptions: readonly Exemption[]): LockSummary['exempted'] {
  return [...Map.groupBy(exemptions, ({ id }) => id).values()]
    .flatMap(same => same.slice(0, 1).map(exemption => ({ exemption, files: same.length })))
    .sort((a, b) => a.exemption.ends - b.exemption.ends || (a.exemption.id < b.exemption.id ? -1 : 1))
    .map(({ exemption: { id, ends, owner }, files }) => ({ id, files, ends: formatInstant(ends), owner }))
}

const LABEL = 12
const MOST = 8

export function renderSummary(screen: Screen, summary: LockSummary): void {
  const { locks, packages, files, attested, signers, exempted, refused } = summary
  screen.line(
    styled('strong', `${counted(files, 'file')} of ${counted(packages, 'release')}`),
    locks > 1 ? ` in ${locks} locks` : '',
  )
  row(screen, 'attested', `${attested} of ${files}${files === 0 ? '' : ` (${Math.floor((100 * attested) / files)} %)`}`)
  for (const { signer, files: signed } of signers.slice(0, MOST))
    row(screen, '', `${String(signed).padStart(5)}  ${signer}`)
  if (signers.length > MOST) row(screen, '', `       and ${counted(signers.length - MOST, 'other signer')}`)
  row(screen, 'admitted', String(summary.admitted))
  if (exempted.length > 0)
    row(
      screen,
      'exempted',
      counted(
        exempted.reduce((sum, it) => sum + it.files, 0),
        'file',
      ),
    )
  for (const [until, same] of Map.groupBy(exempted, ({ ends, owner }) => `until ${ends.slice(0, 16)}Z (${owner})`)) {
    const [only] = same
    const by = same.length === 1 && only !== undefined ? only.id : counted(same.length, 'exemption')
    const pinned = same.reduce((sum, it) => sum + it.files, 0)
    row(screen, '', `${String(pinned).padStart(5)}  ${by}, ${until}`)
  }
  if (summary.watched > 0)
    row(screen, 'watched', `${summary.watched} admitted only because the policy is in audit mode`)
  if (refused.length > 0) row(screen, 'refused', String(refused.reduce((sum, it) => sum + it.files, 0)))
  for (const { code, files: many } of refused) row(screen, '', `${String(many).padStart(5)}  ${code}`)
  if (summary.notListed > 0)
    row(screen, 'not listed', `${summary.notListed} that the index does not list as the lock has them`)
  if (summary.unknown > 0)
    row(
      screen,
      'unknown',
      `${summary.unknown} that could not be determined: run it again where the index answers, what is known is remembered`,
    )
  if (summary.unpinned > 0)
    row(
      screen,
      'unpinned',
      `${counted(summary.unpinned, 'release')} without a sha256 in the lock for every file: all files were judged`,
    )
  if (summary.skipped > 0) row(screen, 'not judged', String(summary.skipped))
  for (const group of summary.unjudged)
    row(screen, '', `${String(group.entries).padStart(5)}  ${labelOfUnjudged(group)}`)
  if (summary.silent === 0) return
  screen.line()
  screen.prose(
    [styled('doubt', '!'), ' '],
    `${counted(summary.silent, 'file')} without an attestation because the index’s pages have no provenance key: it is a mirror that speaks no PEP 740, or a gate of Portcullis without public_url. Set ${summary.settings.join(' and ').replace(/^upstream\.integrity$/, '$& (PORTCULLIS_UPSTREAM_INTEGRITY)')} to what has their provenance, such as the index that is mirrored or that gate itself, and run this again.`,
  )
}

function labelOfUnjudged({ kind, index }: LockSummary['unjudged'][number]): string {
  if (kind === 'other-index') return `of ${index}, not yours to admit here`
  return UNJUDGED_WORDS[kind].many
}

function row(screen: Screen, label: string, text: string): void {
  screen.line(`  ${label.padEnd(LABEL)}`, text)
}
