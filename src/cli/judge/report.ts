import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Millis, millis } from '../../domain/base/instant.ts'
import { compareLocks, FAILINGS, type LockChanges, YOUNG } from '../../gate/report/compare-locks.ts'
import type { Evidence, ReleaseFacts } from '../../gate/report/release-facts.ts'
import { onePerRelease, summariseReleases } from '../../gate/report/summarise-releases.ts'
import type { Lock, Unjudged } from '../../protocol/lockfiles/lock.ts'
import { type Also, alsoOption } from '../command/also.ts'
import { collect, ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, OpenReport, Services } from '../command/services.ts'
import { parseLength } from '../command/since.ts'
import { readLocks } from '../locks/lock-files.ts'
import { locksAt } from '../locks/locks-at.ts'
import { ownLocks, withSameIndex } from '../locks/own-locks.ts'
import { annotationsOf } from '../remarks/annotations.ts'
import { sarifOf } from '../remarks/sarif.ts'
import { unjudgedIn } from '../report/unjudged.ts'
import { renderHtml } from '../report-locks/html.ts'
import { renderJson } from '../report-locks/json.ts'
import { renderMarkdown } from '../report-locks/markdown.ts'
import { type PlacesOf, reportRemarks } from '../report-locks/report-remarks.ts'
import { type Reported, tell } from '../report-locks/tell.ts'
import { renderText } from '../report-locks/text.ts'
import { onPaper } from '../terminal/on-paper.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'
import { createScreen } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

const FORMATS = ['text', 'markdown', 'html', 'json', 'sarif', 'github'] as const
type Format = (typeof FORMATS)[number]

/** `failed` is about the lock alone, the others about what changed. */
const FAIL_ON = ['failed', ...FAILINGS] as const
type FailOn = (typeof FAIL_ON)[number]

interface ReportOptions {
  readonly config?: string
  readonly against?: readonly string[]
  readonly since?: string
  readonly format: Format
  readonly also?: readonly Also<Format>[]
  readonly failOn?: readonly FailOn[]
  readonly young: Millis
  readonly sameIndex?: readonly string[]
  readonly trustRoot?: string
}

const DESCRIPTION = `Tells who signed what lock files name (repository, workflow, since when the same), what is not attested and whether any release of it ever was, how old it is, what is yanked, and how much of it a policy could name today. With --against or --since, what changed between two locks.

It wants no policy, no gate and no configuration: it asks PyPI, or the index of a configuration where there is one. Every attestation is verified as the gate does it. Nothing is downloaded but index pages and provenance.`

const MORE = `
What was fetched and proved is kept in $XDG_CACHE_HOME/portcullis/report (else
~/.cache/portcullis/report), never in the data folder of a gate: a second run
asks for little. Index pages are taken from there for ten minutes and then asked
for again with their ETag.

--fail-on, any of these with commas between:
  failed   evidence that fails, and files that the index does not list as the
           lock has them, or in such a way that no gate gives them out: whatever
           is marked with a cross, with or without another lock
  lost     attested in the old lock (or by an earlier release), and not now
  changed  signed by somebody else than before
  late     a file that came more than two weeks after the first of its release
  young    a file that came within the last days (--young)
Of files that both locks let in nothing is said by the last four.

Exit codes:
  0  told
  1  --fail-on found something
  2  usage: a lock cannot be read, git does not know the revision, or --fail-on
     asks for what changed without --against and --since
  3  internal error
  4  something could not be determined: it is named, and counts as nothing well
  5  the trust root cannot be used, or is too old

--since reads the same locks, and what they include, as git has them in that
revision. A lock that was not there is all new.

markdown fits a comment on a pull request; html is one page without script; the
fields of json are described in docs/how-to/report.md. sarif (2.1.0, for code
scanning) and github (annotations, as commands of its runner) have a result for
whatever is worth a look, at its line; where locks are compared, for what changed
and for what is wrong whatever changed.

${ENVIRONMENT}

Examples:
  portcullis report uv.lock
  portcullis report uv.lock --format html > report.html
  portcullis report uv.lock --fail-on failed
  portcullis report uv.lock --since main --fail-on lost,changed --format markdown
  portcullis report uv.lock --against old.lock --also sarif=report.sarif`

export function addReportCommand(program: Command, services: Services, conclude: Conclude): void {
  withSameIndex(program.command('report'))
    .description(DESCRIPTION)
    .argument('<lockfile...>', 'lock files')
    .option('--against <lockfile>', 'the lock as it was; may be given several times', collect)
    .option('--since <revision>', 'the locks as they were in that revision of git: main, HEAD, v1.0')
    .addOption(
      new Option(
        '--fail-on <kinds>',
        'end with 1 when one of these is found; all but the first need --against or --since',
      )
        .choices(FAIL_ON)
        .argParser(parseFailings), // several in one word
    )
    .addOption(
      new Option('--young <time>', 'younger than this is young: 7d, 36h')
        .argParser(text => millis(parseLength(text)))
        .default(YOUNG, '7d'),
    )
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root', text => resolve(text))
    .addOption(new Option('--format <format>', 'how to tell it').choices(FORMATS).default('text'))
    .addOption(alsoOption(FORMATS))
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await report(paths, command.optsWithGlobals<ReportOptions>(), services))
    })
}

function parseFailings(text: string): readonly FailOn[] {
  return text.split(',').map(word => {
    const found = FAIL_ON.find(failing => failing === word.trim())
    if (found === undefined) throw new InvalidArgumentError(`${JSON.stringify(word)} is none of ${FAIL_ON.join(', ')}.`)
    return found
  })
}

async function report(paths: readonly string[], options: ReportOptions, services: Services): Promise<ExitCode> {
  const { against = [], since, failOn = [], trustRoot, config: file } = options
  const compared = since !== undefined || against.length > 0
  const changing = failOn.find(kind => kind !== 'failed')
  if (changing !== undefined && !compared)
    throw new GateError(
      'usage',
      `--fail-on ${changing} is about what changed: name the lock as it was with --against or --since`,
    )
  const read = readLocks(paths, services.environment)
  const revision = since === undefined ? undefined : await services.openRevision(since)
  const then = revision === undefined ? [] : locksAt(revision, paths, services.environment)
  const before = [...readLocks(against, services.environment), ...then]
  const { config } = await services.loadConfig({ config: file })
  const locks = ownLocks(read, config, options)
  const old = ownLocks(before, config, options)
  const opened = await services.openReport(config, { trustRoot })
  try {
    const { now, was } = await lookAt(opened, { locks, old }, services)
    const young = options.young
    const at = services.clock()
    const changes = compared ? compareLocks(now, was, { young, now: at }) : undefined
    const found = foundIn(failOn, now, changes)
    const unknown = unknownIn(now, changes, failOn)
    tellReport(
      {
        locks: paths,
        against: [...against, ...(since === undefined ? [] : [since])],
        releases: now,
        summary: summariseReleases(now),
        changes,
        asides: asidesOf(locks, changes === undefined ? undefined : old),
        ended: [
          ...found,
          ...(unknown.length === 0 ? [] : [`${counted(unknown.length, 'answer')} could not be determined`]),
        ],
        now: at,
        young,
      },
      options,
      services,
      placesIn(locks),
    )
    return found.length > 0 ? 1 : exitOf(unknown)
  } finally {
    await opened.close()
  }
}

/** What `--fail-on` finds, told. */
function foundIn(
  failOn: readonly FailOn[],
  releases: readonly ReleaseFacts[],
  changes: LockChanges | undefined,
): readonly string[] {
  const wrong = releases.flatMap(({ files }) => files.filter(({ evidence }) => WRONG.has(evidence.kind)))
  return failOn.flatMap(kind => {
    const { length } = kind === 'failed' ? wrong : (changes?.[kind] ?? [])
    return length === 0 ? [] : [`--fail-on ${kind}: ${counted(length, 'finding')}`]
  })
}

/** What no change excuses. */
const WRONG: ReadonlySet<Evidence['kind']> = new Set(['failed', 'missing', 'unsuited'])

/** Where locks name a release. */
function placesIn(locks: readonly Lock[]): PlacesOf {
  const places = locks.flatMap(({ path: lock, packages }) =>
    packages.map(({ project, version, from, line }) => ({
      release: `${project} ${version}`,
      lock: from ?? lock,
      line,
    })),
  )
  const of = Map.groupBy(places, ({ release }) => release)
  return ({ project, version }) => of.get(`${project} ${version}`) ?? []
}

/** What locks name and no index here has; the project itself is nobody's dependency. */
function asidesOf(locks: readonly Lock[], old: readonly Lock[] | undefined): Reported['asides'] {
  const nameOf = ({ kind, name, why }: Pick<Unjudged, 'kind' | 'name' | 'why'>) => `${kind} ${name} ${why}`
  const known = old === undefined ? undefined : new Set(unjudgedIn(old).map(nameOf))
  return unjudgedIn(locks).flatMap(it =>
    it.kind === 'own' ? [] : [{ ...it, fresh: known === undefined ? undefined : !known.has(nameOf(it)) }],
  )
}

/** One look at what all locks name, so that no page is asked for twice. */
async function lookAt(
  { look }: Pick<OpenReport, 'look'>,
  { locks, old }: { readonly locks: readonly Lock[]; readonly old: readonly Lock[] },
  { output }: Services,
): Promise<{ readonly now: readonly ReleaseFacts[]; readonly was: readonly ReleaseFacts[] }> {
  const progress = createProgress(output)
  const packages = locks.flatMap(lock => lock.packages)
  try {
    const facts = await look([...packages, ...old.flatMap(lock => lock.packages)], (done, all) =>
      progress.show(`${drawBar(done, all)} ${done} of ${all} releases looked at`),
    )
    return {
      now: onePerRelease(facts.slice(0, packages.length)),
      was: onePerRelease(facts.slice(packages.length)),
    }
  } finally {
    progress.clear()
  }
}

/** The exit code of everything that could not be determined, be it of the lock or of what changed. */
function unknownIn(
  releases: readonly ReleaseFacts[],
  changes: LockChanges | undefined,
  failOn: readonly FailOn[],
): readonly ExitCode[] {
  const files = releases.flatMap(release => release.files)
  return [
    ...files.flatMap(({ evidence }) => (evidence.kind === 'unknown' ? [errorEntry(evidence.code).exit] : [])),
    ...releases.flatMap(({ tenureUnknown }) => (tenureUnknown === undefined ? [] : [4 as const])),
    ...(changes?.undetermined ?? []).flatMap(({ about }) =>
      about.some(kind => failOn.includes(kind)) ? [4 as const] : [],
    ),
  ]
}

function exitOf(unknown: readonly ExitCode[]): ExitCode {
  if (unknown.includes(5)) return 5
  return unknown.length > 0 ? 4 : 0
}

function tellReport(
  reported: Reported,
  { format, also = [] }: ReportOptions,
  { output, version }: Services,
  placesOf: PlacesOf,
): void {
  const telling = { reported, placesOf, version, folder: process.cwd() }
  if (format === 'text') renderText(createScreen(output), tell(reported))
  else output.out(written(telling, format))
  for (const it of also) writeWhole(it.path, written(telling, it.format), { over: true })
}

interface Telling {
  readonly reported: Reported
  readonly placesOf: PlacesOf
  readonly version: string
  readonly folder: string
}

function written({ reported, placesOf, version, folder }: Telling, format: Format): string {
  switch (format) {
    case 'text':
      return onPaper(output => renderText(createScreen(output), tell(reported)))
    case 'markdown':
      return renderMarkdown(tell(reported))
    case 'html':
      return renderHtml(tell(reported), formatInstant(reported.now))
    case 'json':
      return renderJson(reported)
    case 'sarif':
      return sarifOf(reportRemarks(reported, placesOf), { version, folder })
    case 'github':
      return annotationsOf(reportRemarks(reported, placesOf), folder)
    default:
      return format satisfies never
  }
}
