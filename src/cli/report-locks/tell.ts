import type { Instant, Millis } from '../../domain/base/instant.ts'
import type { LockChanges } from '../../gate/report/compare-locks.ts'
import type { ReleaseFacts, Standing } from '../../gate/report/release-facts.ts'
import type { ReleaseSummary } from '../../gate/report/summarise-releases.ts'
import type { UnjudgedKind } from '../../protocol/lockfiles/lock.ts'
import { counted } from '../terminal/table.ts'
import { changeLine, tellChanges } from './tell-changes.ts'
import { tellReleases } from './tell-releases.ts'
import { foreign, type Said, type Section, type Told } from './told.ts'
import { age, day, nameOf, percent, row, section } from './words.ts'

/** Something that a lock names and that is of no index, or of another one. */
export interface Aside {
  readonly lock: string
  /** the file that the lock includes it by, where it stands in another */
  readonly from?: string
  readonly line: number
  readonly kind: UnjudgedKind
  readonly name: string
  readonly why: string
  /** whether the old locks do not name it; `undefined` where nothing is compared */
  readonly fresh: boolean | undefined
}

/** Everything that a report knows. */
export interface Reported {
  readonly locks: readonly string[]
  readonly against: readonly string[]
  readonly releases: readonly ReleaseFacts[]
  readonly summary: ReleaseSummary
  readonly changes: LockChanges | undefined
  readonly asides: readonly Aside[]
  /** why the command ends with another code than 0 */
  readonly ended: readonly string[]
  readonly now: Instant
  readonly young: Millis
}

export function tell(reported: Reported): Told {
  const { locks, against, releases, summary, changes, asides, ended, now, young } = reported
  const as = changes === undefined ? 'open' : 'folded'
  const ofLock = tellReleases(releases, summary, { now, young, as })
  const first = ofLock.filter(({ id }) => FIRST.has(id))
  const others = ofLock.filter(({ id }) => !FIRST.has(id))
  return {
    locks,
    against,
    headline: headlineOf(summary),
    change: changes === undefined ? undefined : changeLine(changes),
    figures: figuresOf(releases, summary, now),
    sections: [
      ...first,
      ...(changes === undefined
        ? others
        : [...tellChanges(changes, now), ...others.map(it => ({ ...it, title: `The whole lock: ${it.title}` }))]),
      ...tellAsides(asides),
    ],
    ended,
  }
}

/** Whatever else a report is about, this is told before it. */
const FIRST: ReadonlySet<string> = new Set(['unknown', 'failed', 'missing', 'unsuited'])

const WORDS = {
  attested: 'attested',
  partly: 'attested in part',
  unattested: 'not attested',
  failed: 'with evidence that fails',
  unsuited: 'that no gate gives out',
  missing: 'not on the index as the lock has it',
  unknown: 'not determined',
} as const satisfies Record<Standing, string>

/** `271 packages: 46 attested (17 %), 225 not attested` */
function headlineOf({ packages, standings }: ReleaseSummary): string {
  const others = Object.entries(WORDS).flatMap(([standing, words]) => {
    const count = standings[standing as Standing]
    return standing === 'attested' || count === 0 ? [] : [`${count} ${words}`]
  })
  const attested = `${standings.attested} attested${percent(standings.attested, packages)}`
  return `${counted(packages, 'package')}: ${[attested, ...others].join(', ')}`
}

function figuresOf(
  releases: readonly ReleaseFacts[],
  summary: ReleaseSummary,
  now: Instant,
): readonly (readonly Said[])[] {
  const {
    packages,
    standings,
    nameable,
    attestedBefore,
    attestedAfter,
    files,
    attestedFiles,
    yanked,
    silent,
    signers,
  } = summary
  const determined = packages - standings.unknown
  // no exemption helps what fails, is missing or is not given out
  const pinned = standings.attested + standings.partly + standings.unattested - nameable
  const whoWants =
    pinned === determined - nameable ? 'the others want' : `${pinned} of the others ${pinned === 1 ? 'wants' : 'want'}`
  const wrong = standings.failed + standings.missing + standings.unsuited
  return [
    ...(wrong === 0
      ? []
      : [
          [
            `CAREFUL: ${counted(wrong, 'package')} ${wrong === 1 ? 'is' : 'are'} not what the lock, or whoever signed, says (✗ below). To tell so is no failure of this command: \`--fail-on failed\` makes it end with 1.`,
          ],
        ]),
    ...(determined === 0 && packages > 0
      ? []
      : [
          [
            `A policy could name who publishes ${nameable} of ${determined} today${percent(nameable, determined)}`,
            pinned === 0 ? '' : `; ${whoWants} exemptions that are pinned to their bytes`,
            standings.unknown === 0 ? '.' : `. Not counted in this: ${standings.unknown} not determined.`,
          ],
        ]),
    ...(attestedBefore + attestedAfter === 0
      ? []
      : [
          [
            `${standings.unattested} are not attested: ${attestedBefore} of them were in an earlier release, ${attestedAfter} of them are in a later one.`,
          ],
        ]),
    [
      `${counted(files, 'file')}, ${attestedFiles} attested${percent(attestedFiles, files)}, by ${counted(signers.length, 'signer')}.`,
    ],
    ...agesOf(releases, now),
    ...(yanked === 0 ? [] : [[`${counted(yanked, 'package')} yanked.`]]),
    ...(silent === 0 ? [] : [[`CAREFUL: ${silentIndex(silent)}`]]),
  ]
}

/** What is not known cannot have got worse: it is said in every form of a report. */
export function silentIndex(files: number): string {
  return `the pages of this index have no provenance key, so that ${counted(files, 'file')} may be attested all the same. It is a mirror that speaks no PEP 740, or a gate of Portcullis without public_url: ask PyPI, or set upstream.integrity (PORTCULLIS_UPSTREAM_INTEGRITY), of one of several sources sources.<name>.integrity, to what has their provenance, such as that gate itself.`
}

function agesOf(releases: readonly ReleaseFacts[], now: Instant): readonly (readonly Said[])[] {
  const dated = releases
    .flatMap(release => (release.released === undefined ? [] : [{ release, released: release.released }]))
    .sort((a, b) => a.released - b.released)
  const [oldest] = dated
  const youngest = dated.at(-1)
  const median = dated[Math.floor(dated.length / 2)]
  if (oldest === undefined || youngest === undefined || median === undefined)
    return releases.length === 0 ? [] : [['The index does not say how old they are.']]
  const told = ({ release, released }: typeof oldest): readonly Said[] => [
    `${age(released, now)} (`,
    nameOf(release),
    `, ${day(released)})`,
  ]
  const unsaid = releases.length - dated.length
  return [
    [
      `Ages: the youngest ${dated.length > 1 ? '' : 'is '}`,
      ...told(youngest),
      ...(dated.length > 1 ? [`, half are older than ${age(median.released, now)}, the oldest `, ...told(oldest)] : []),
      unsaid === 0 ? '.' : `; of ${unsaid} the index does not say.`,
    ],
  ]
}

function tellAsides(asides: readonly Aside[]): readonly Section[] {
  return section({
    id: 'aside',
    title: 'Not looked at',
    weight: 'doubt',
    intro:
      'They come from no index, or from another one: nobody here can say who made them, and they are not counted above.',
    rows: asides.map(({ name, why, lock, line, fresh }) =>
      row(foreign(name), fresh === true ? 'new: ' : '', foreign(why), ' ', foreign(`${lock}:${line}`)),
    ),
  })
}
