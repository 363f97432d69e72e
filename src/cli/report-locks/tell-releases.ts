import type { Instant, Millis } from '../../domain/base/instant.ts'
import { lateFilesOf, youngFilesOf } from '../../gate/report/compare-locks.ts'
import {
  type Evidence,
  type FileFacts,
  type ReleaseFacts,
  signersOf,
  standingOf,
} from '../../gate/report/release-facts.ts'
import { isYanked, type ReleaseSummary, type SignerTally } from '../../gate/report/summarise-releases.ts'
import { youngRows } from './tell-changes.ts'
import { foreign, type Row, type Said, type Section } from './told.ts'
import { age, day, filesNamed, listed, nameOf, releaseName, row, section, signerName } from './words.ts'

interface Telling {
  readonly now: Instant
  readonly young: Millis
  /** whether two locks are compared: then what stands in the new one is folded */
  readonly as: 'open' | 'folded'
}

export function tellReleases(
  releases: readonly ReleaseFacts[],
  { signers }: ReleaseSummary,
  telling: Telling,
): readonly Section[] {
  return [
    ...wrongSections(releases),
    ...doubtSections(releases, telling),
    ...signerSections(signers, telling),
    ...bareSections(releases, telling),
  ]
}

/** What of the files has evidence of a kind, release by release. */
function rowsOf(releases: readonly ReleaseFacts[], ...kinds: readonly Evidence['kind'][]): readonly Row[] {
  return releases.flatMap(release => {
    const files = release.files.filter(({ evidence }) => kinds.includes(evidence.kind))
    const reasons = Map.groupBy(files, ({ evidence }) => reasonOf(evidence))
    return [...reasons].map(([reason, own]) => row(nameOf(release), ...filesNamed(own), ': ', foreign(reason)))
  })
}

function reasonOf(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'failed':
    case 'unsuited':
    case 'unknown':
      return `${evidence.code}, ${evidence.detail}`
    case 'missing':
      return evidence.detail
    case 'attested':
    case 'unattested':
      return evidence.kind
    default:
      return evidence satisfies never
  }
}

function wrongSections(releases: readonly ReleaseFacts[]): readonly Section[] {
  return [
    ...section({
      id: 'unknown',
      title: 'Could not be determined',
      weight: 'doubt',
      intro: 'Nothing here is counted as fine. Run it again: what is known by now is remembered.',
      rows: [
        ...rowsOf(releases, 'unknown'),
        ...releases.flatMap(release =>
          release.tenureUnknown === undefined
            ? []
            : [row(nameOf(release), 'since when the same signs: ', foreign(release.tenureUnknown))],
        ),
      ],
    }),
    ...section({
      id: 'failed',
      title: 'Has evidence that fails',
      weight: 'bad',
      intro:
        'Somebody offers an attestation that is not one for these bytes. Do not install these before you know why.',
      rows: rowsOf(releases, 'failed'),
    }),
    ...section({
      id: 'missing',
      title: 'Not on the index as the lock has it',
      weight: 'bad',
      intro: 'It was removed, or the lock is of another index.',
      rows: rowsOf(releases, 'missing'),
    }),
    ...section({
      id: 'unsuited',
      title: 'Listed in a way that no gate gives it out',
      weight: 'bad',
      intro: '',
      rows: rowsOf(releases, 'unsuited'),
    }),
  ]
}

function doubtSections(releases: readonly ReleaseFacts[], { now, young, as }: Telling): readonly Section[] {
  return [
    ...section({
      id: 'lost-earlier',
      title: 'Not attested, though an earlier release is',
      weight: 'doubt',
      intro: 'The project could sign, and did not. That an earlier one is attested is the index’s word here.',
      rows: releases.flatMap(release =>
        standingOf(release) === 'unattested' && release.attestedBefore !== undefined
          ? [row(nameOf(release), 'the last that is: ', releaseName(release.attestedBefore))]
          : [],
      ),
      as,
    }),
    ...section({
      id: 'unnameable',
      title: 'Attested, and no policy could name the signer',
      weight: 'doubt',
      intro:
        'A run that strangers can start (pull_request_target), an index that names another publisher than the certificate does, or an issuer that rules do not know.',
      rows: releases.flatMap(release => {
        const odd = release.files.filter(({ evidence }) => evidence.kind === 'attested' && !evidence.nameable)
        const signers = signersOf({ files: odd }).map(signerName)
        return odd.length === 0 ? [] : [row(nameOf(release), ...filesNamed(odd), ': ', ...listed(signers, 3))]
      }),
      as,
    }),
    ...section({
      id: 'signer-history',
      title: 'Signed by somebody else once',
      weight: 'doubt',
      intro: '',
      rows: releases.flatMap(tenureRow),
      as,
    }),
    ...section({
      id: 'late-files',
      title: 'Added to its release late',
      weight: 'doubt',
      intro: 'These files came more than two weeks after the first of their release.',
      rows: releases.flatMap(release => {
        const late = lateFilesOf(release)
        const days = Math.max(...late.map(it => it.days))
        const files = late.map(({ file }) => file)
        return late.length === 0 ? [] : [row(nameOf(release), ...filesNamed(files), `, up to ${days} days late`)]
      }),
      as: 'folded',
    }),
    ...section({
      id: 'yanked',
      title: 'Yanked',
      weight: 'doubt',
      intro: '',
      rows: releases.filter(isYanked).map(release => row(nameOf(release), ...yankWords(release.files))),
      as,
    }),
    ...section({
      id: 'status',
      title: 'Archived or deprecated',
      weight: 'note',
      intro: '',
      rows: releases.flatMap(release =>
        release.status === 'archived' || release.status === 'deprecated'
          ? [row(nameOf(release), `the project is ${release.status}`)]
          : [],
      ),
      as,
    }),
    ...section({
      id: 'young-files',
      title: 'Young',
      weight: 'note',
      intro: '',
      rows: youngRows(
        releases.flatMap(release => youngFilesOf(release, { young, now })),
        now,
      ),
      as: as === 'folded' ? 'folded' : 'open',
    }),
  ]
}

function yankWords(files: readonly FileFacts[]): readonly Said[] {
  const yanked = files.filter(file => file.yanked !== false)
  const reason = yanked.map(file => file.yanked).find(it => typeof it === 'string' && it !== '')
  const some = yanked.length < files.length ? [...filesNamed(yanked), ': '] : []
  return [...some, ...(typeof reason === 'string' ? [foreign(reason)] : ['no reason is given'])]
}

function tenureRow(release: ReleaseFacts): readonly Row[] {
  const { tenure } = release
  if (tenure?.before === undefined) return []
  const { since, before } = tenure
  const other = before.signer === undefined ? ['somebody whose evidence does not hold'] : [signerName(before.signer)]
  const [signer] = signersOf(release)
  const now = signer === undefined ? [] : [signerName(signer)]
  const was = ['; before, ', releaseName(before.release), ', ', ...other]
  return [row(nameOf(release), ...now, ' since ', releaseName(since), ...was)]
}

function signerSections(signers: readonly SignerTally[], { as, now }: Telling): readonly Section[] {
  return section({
    id: 'signers',
    title: 'Who signed',
    weight: 'good',
    intro:
      'Each of these was verified: signature, certificate, log and digest. Since when: of its releases the first is verified, and where the signer changed, the change is.',
    rows: signers.map(({ signer, releases }) =>
      row(
        signerName(signer),
        ...listed(
          releases.map(release => foreign(signedWords(release, now))),
          8,
        ),
      ),
    ),
    as: as === 'folded' || signers.length > MANY ? 'folded' : 'open',
  })
}

const MANY = 200

function signedWords(release: ReleaseFacts, now: Instant): string {
  const { project, version, released, tenure } = release
  const old = released === undefined ? '' : `, ${age(released, now)} old`
  const since = tenure?.since.uploaded
  const same =
    tenure === undefined ? '' : `, since ${tenure.since.version}${since === undefined ? '' : ` (${day(since)})`}`
  const partly = standingOf(release) === 'partly' ? ', in part' : ''
  return `${project} ${version}${partly}${old}${same}`
}

function bareSections(releases: readonly ReleaseFacts[], { now }: Telling): readonly Section[] {
  const bare = releases.filter(release => standingOf(release) === 'unattested' && release.attestedBefore === undefined)
  const aged = (release: ReleaseFacts): Row =>
    row(
      foreign(
        `${release.project} ${release.version}${release.released === undefined ? '' : ` · ${age(release.released, now)}`}`,
      ),
    )
  return [
    ...section({
      id: 'partly',
      title: 'Attested in part',
      weight: 'note',
      intro: 'A policy admits the files that are attested; the others want an exemption, or a lock without them.',
      rows: releases.flatMap(release => {
        const own = release.files.filter(({ evidence }) => evidence.kind === 'unattested')
        return standingOf(release) === 'partly' ? [row(nameOf(release), 'not: ', ...filesNamed(own))] : []
      }),
      as: 'folded',
    }),
    ...section({
      id: 'later',
      title: 'Not attested, and a later release is',
      weight: 'note',
      intro: 'To update them is to know who made them.',
      rows: bare.flatMap(release =>
        release.attestedAfter === undefined
          ? []
          : [row(nameOf(release), 'the first that is: ', releaseName(release.attestedAfter))],
      ),
      as: 'folded',
    }),
    ...section({
      id: 'never',
      title: 'Never attested',
      weight: 'note',
      intro: 'No release of these is, as the index has it.',
      rows: bare.filter(({ attestedAfter }) => attestedAfter === undefined).map(aged),
      as: 'names',
    }),
  ]
}
