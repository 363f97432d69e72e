import type { Sha256 } from '../../domain/base/digest.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import type { Waiver } from '../../domain/base/refusal.ts'
import type { ObservedPublisher } from '../../domain/identity/publisher.ts'
import { scalar } from '../../domain/identity/publisher-text.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import { type ExemptionOptions, type WrittenExemptions, writeExemptions } from './write-exemptions.ts'
import { type WrittenPublishers, writePublishers } from './write-publishers.ts'

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
  /** paths of the locks that allow it */
  readonly locks: readonly string[]
  /** what a base policy does by itself: admits the file, or has a rule for the project; `undefined`: neither, or there is none */
  readonly base: 'admits' | 'decides' | undefined
}

export interface WriteOptions extends ExemptionOptions {
  /** names of the locks */
  readonly locks: readonly string[]
  /** lines of comment: what no policy can admit */
  readonly remarks: readonly string[]
  /** a policy that this one is read beside, and whose names of publishers are taken; it has the mode and the defaults */
  readonly base: { readonly publishers: readonly string[] } | undefined
  /** a source of the gate owns names: what looks like one of them is denied */
  readonly hasOwnNames?: boolean | undefined
}

/** A policy, and the files that it names. */
export interface WrittenPolicy {
  readonly text: string
  readonly pins: WrittenExemptions['pins']
}

/**
 * A policy that admits exactly what was observed: each publisher once, a rule for each project, and for what nobody signed
 * exemptions that are pinned and end. Beside a base, only what that one lacks.
 */
export function writePolicy(files: readonly ObservedFile[], options: WriteOptions): WrittenPolicy {
  const projects = projectsOf(files)
  const own = new Set(projects)
  const publishers = writePublishers(
    files.flatMap(({ project, publisher }) =>
      publisher === undefined || !own.has(project) ? [] : [{ project, publisher }],
    ),
    options.base?.publishers ?? [],
  )
  const exempt = files.filter(({ waive }) => waive.length > 0)
  const exemptions = writeExemptions(exempt, options)
  const text = [
    ...header(files, publishers, options),
    'version: 1',
    ...(options.base === undefined
      ? [
          'mode: enforce',
          '',
          'defaults:',
          '  attestation: required',
          '  unmatched: deny',
          ...(options.hasOwnNames === true ? ['  confusable: deny # names that somebody could take for yours'] : []),
          ...limitLines(options),
        ]
      : []),
    ...(publishers.lines.length === 0 ? [] : ['', 'publishers:', ...publishers.lines]),
    ...(projects.length === 0 && options.base !== undefined
      ? []
      : ['', 'projects:', ...ruleLines(projects, publishers)]),
    ...(exemptions.lines.length === 0 ? [] : ['', 'exemptions:', ...exemptions.lines]),
    '',
  ]
  return { text: text.join('\n'), pins: exemptions.pins }
}

/** Those that need a rule here: no base decides them, and something of them does not pass without one. */
function projectsOf(files: readonly ObservedFile[]): readonly ProjectName[] {
  return [...new Set(files.filter(({ base }) => base === undefined).map(({ project }) => project))].sort()
}

const DAY = 86_400_000
/** days that an exemption may live where those that are written here end sooner */
const LONGEST = 180

/** days; a policy says no longer time */
const MOST = 3_650

/** Whatever is written here is within it. A date ends with its day. Where somebody wants ends that no bound has room for, there is none. */
function limitLines({ at, ends }: Pick<WriteOptions, 'at' | 'ends'>): readonly string[] {
  const last = Math.max(...ends.map(date => Date.parse(`${date}T00:00:00Z`) + DAY))
  const days = Math.max(LONGEST, Math.ceil((last - at) / DAY))
  if (days > MOST) return []
  return [
    '',
    '# how long an exemption may live from now on, and an approval in the console',
    `limits: { exemption_max: ${days}d }`,
  ]
}

function header(
  files: readonly ObservedFile[],
  publishers: WrittenPublishers,
  { locks, at, ends, remarks, base }: WriteOptions,
): readonly string[] {
  const attested = files.filter(({ publisher }) => publisher !== undefined).length
  const exempt = files.filter(({ waive }) => waive.length > 0).length
  const date = formatInstant(at).slice(0, 10)
  const end = ends.length > 1 ? `${ends[0]} to ${ends.at(-1)}` : ends[0]
  return [
    `Observed on ${date} in ${locks.join(', ')}: ${count(files.length, 'file')}, ${attested} attested${base === undefined ? ` by ${count(publishers.count, 'publisher')}` : ''}.`,
    ...(base === undefined ? [] : ['Here stands only what the policy lacks that it is read beside.']),
    ...(exempt === 0
      ? []
      : [
          `${count(exempt, 'file')} that no publisher vouches for ${exempt === 1 ? 'passes by its' : 'pass by their'} sha256, until ${end}.`,
        ]),
    'Who signed is proved; who should have signed only you know: look at every publisher before you rely on it.',
    ...remarks,
    // what comes from outside must not end the comment
  ].map(line => `# ${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}`)
}

/** The remark above rules that name nobody. */
export const UNSIGNED = 'nobody signed these: only what is exempted below passes'

/** A line each. Projects that somebody signed first, the others below one remark. */
function ruleLines(projects: readonly ProjectName[], publishers: WrittenPublishers): readonly string[] {
  const rules = projects.map(project => ({ match: scalar(project), items: publishers.of(project) }))
  const unsigned = rules.filter(({ items }) => items.length === 0)
  return [
    ...rules
      .filter(({ items }) => items.length > 0)
      .map(({ match, items }) => `  - { match: ${match}, publishers: [${items.join(', ')}] }`),
    ...(unsigned.length === 0 ? [] : [`  # ${UNSIGNED}`]),
    ...unsigned.map(({ match }) => `  - match: ${match}`),
  ]
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
