import { type Command, Option } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { Targets } from '../../domain/packaging/targets.ts'
import { type Aside, createChoice } from '../../gate/explain/choice.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'
import { verdictJson } from '../../gate/explain/verdict-json.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { type Also, alsoOption } from '../command/also.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { collect, ENVIRONMENT, type JudgingOptions, parseTimeOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { installedHere, thisMachine } from '../locks/installed-here.ts'
import { readLocks } from '../locks/lock-files.ts'
import { type LockOptions, ownLocks, UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { surveyLocks } from '../locks/survey-locks.ts'
import { type TargetOptions, targetsOf, withTargetOptions } from '../locks/targets-options.ts'
import { annotationsOf } from '../remarks/annotations.ts'
import { sarifOf } from '../remarks/sarif.ts'
import { renderAside } from '../report/aside.ts'
import { tellUnlookedBuilds } from '../report/build-releases.ts'
import { type Complaint, complaintOf } from '../report/complaint.ts'
import { junitOf } from '../report/junit.ts'
import { lockRemarks } from '../report/lock-remarks.ts'
import type { LockReport } from '../report/lock-report.ts'
import { type LockSummary, renderSummary, summarise } from '../report/lock-summary.ts'
import {
  failuresIn,
  findingsIn,
  renderSkipped,
  renderUnjudged,
  tellFailures,
  type UnjudgedEntry,
  unjudgedIn,
} from '../report/unjudged.ts'
import { onPaper } from '../terminal/on-paper.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

const FORMATS = ['text', 'json', 'sarif', 'junit', 'github'] as const
type Format = (typeof FORMATS)[number]

interface AuditOptions extends Omit<JudgingOptions, 'format'>, LockOptions, TargetOptions {
  readonly format: Format
  readonly also?: readonly Also<Format>[]
  readonly enforce?: boolean
  readonly all?: boolean
}

const DESCRIPTION = `Judges every file that lock files allow, as the gate would, side by side, and ends with a summary: how many files are attested, by whom, what is exempted and until when.

Reads requirements.txt with hashes (-r and -c followed), uv.lock, poetry.lock, pdm.lock, Pipfile.lock and pylock.toml, told apart by name or by what stands in them. Nothing is downloaded but index pages and provenance. What was found is remembered, so that a run that was interrupted, or could not determine everything, goes on where it was.

All files that a lock lets in are judged, and count. What a client takes on this machine, with the Pythons that the lock is for, is told file by file, the rest in a line for each release (--all unfolds it). With --python or --platform, only what these targets take is judged, and how much was left aside is told.`

const MORE = `
Exit codes:
  0  every file is admitted
  1  a file is refused, or the index does not list it as the lock has it, or
     something that the lock names was not judged (not with --allow-unjudged)
  2  usage: a lock cannot be read; or the configuration or policy is wrong
  3  internal error
  4  the upstream could not answer for a file
  5  the trust root cannot be used, or is too old

${UNJUDGED}

In a policy with mode: audit, what would be refused is admitted and told;
--enforce counts it as refused.

Output of --format json, one object:
  {summary: {locks, packages, files, attested, signers: [{signer, files}],
     admitted, exempted: [{id, files, ends, owner}], watched,
     refused: [{code, files}], notListed, unknown, skipped, unpinned, silent,
     unjudged: [{kind, index, entries}]},
   files: [{lock, line, here, …as verify --format json}],
   aside: [{lock, line, project, version, filename}],
   skipped: [{lock, line, kind, name, version, index, why}]}
here: a client takes it on this machine. aside is what --python and --platform
left out; filename is null where it is the whole release. skipped is all that
was not judged, or not as what a client may take; kind is
url, vcs, path, editable, index-line, other-index, own, internal or empty.
sarif: SARIF 2.1.0, a result for each file that is not admitted and for what was
not judged, at its line. junit: a suite for each lock, a case for each of them.
github: annotations, as commands of GitHub's runner: ten of a kind at most, the
worst first.

${ENVIRONMENT}

Examples:
  portcullis audit uv.lock
  portcullis audit requirements.txt --policy acme.yaml --format junit
  portcullis audit uv.lock --python 3.12 --platform linux_x86_64
  portcullis audit poetry.lock --format sarif > portcullis.sarif`

export function addAuditCommand(program: Command, services: Services, conclude: Conclude): void {
  withTargetOptions(withLockOptions(program.command('audit')))
    .description(DESCRIPTION)
    .argument('<lockfile...>', 'lock files')
    .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect)
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root')
    .option('--at <time>', 'judge exemptions and ages as of this moment', parseTimeOption)
    .option('--index <name>', 'what this index says, where several are configured; default: the first')
    .option('--all', 'tell those files one by one too that a client here does not take')
    .option('--enforce', 'count what a policy in audit mode would refuse as refused')
    .addOption(new Option('--format <format>', 'how to tell it').choices(FORMATS).default('text'))
    .addOption(alsoOption(FORMATS))
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await audit(paths, command.optsWithGlobals<AuditOptions>(), services))
    })
}

async function audit(paths: readonly string[], options: AuditOptions, services: Services): Promise<ExitCode> {
  const choice = createChoice(targetsOf(options))
  const read = choice.locks(readLocks(paths, services.environment))
  const { config } = await services.loadConfig({ ...options })
  const locks = ownLocks(read, config, options)
  const explain = await services.openExplain(config, {
    trustRoot: options.trustRoot,
    index: options.index,
    at: options.at,
  })
  try {
    await tellPolicy(explain.policy(), { config, format: options.format }, services)
    const surveyed = await surveyLocks(locks, explain, services.output, choice)
    const aside = choice.aside()
    const here = installedHere(locks, surveyed, thisMachine())
    const summary = summarise(locks, surveyed, explain.policy())
    const findings = failuresIn(locks, options)
    const { targets } = choice
    tell({ locks, surveyed, here, aside, targets, summary, findings, folder: process.cwd() }, options, services)
    return findings.length > 0 ? 1 : exitOf(surveyed, options)
  } finally {
    await explain.close()
  }
}

interface Audited extends LockReport {
  readonly locks: readonly Lock[]
  readonly summary: LockSummary
  readonly here: ReadonlySet<Surveyed>
  readonly aside: readonly Aside[]
  readonly targets: Targets
  readonly folder: string
}

function tell(audited: Audited, { format, all, also = [] }: AuditOptions, { output, version }: Services): void {
  const { aside, targets } = audited
  const telling = { version, all: all === true }
  if (format === 'text') renderText(createScreen(output), audited, telling.all)
  else output.out(written(audited, format, telling))
  for (const it of also) writeWhole(it.path, written(audited, it.format, telling), { over: true })
  const beside = createScreen(output, format === 'text' ? 'out' : 'err')
  renderAside(beside, aside, targets)
  tellUnlookedBuilds(beside, buildsIn(audited))
}

/** Releases that are admitted as their source: what targets take, or else what a client here does. */
function buildsIn({ surveyed, here, targets }: Audited): ReadonlySet<string> {
  const named = targets.pythons.length + targets.platforms.length > 0
  return new Set(
    surveyed.flatMap(it => {
      const { explanation, package: locked } = it
      const { outcome, file } = explanation
      if (outcome instanceof GateError || outcome.kind === 'refused' || !(named || here.has(it))) return []
      const kind = parseDistFilename(file.filename, locked.project)?.kind
      return kind === 'sdist' ? [`${locked.project} ${locked.version}`] : []
    }),
  )
}

interface Telling {
  readonly version: string
  readonly all: boolean
}

function written(audited: Audited, format: Format, { version, all }: Telling): string {
  const { locks, surveyed, here, aside, summary, folder } = audited
  switch (format) {
    case 'text':
      return onPaper(output => renderText(createScreen(output), audited, all))
    case 'json':
      return jsonLine({
        summary,
        files: surveyed.map(it => fileJson(it, here.has(it))),
        aside: aside.map(asideJson),
        skipped: unjudgedIn(locks).map(skippedJson),
      })
    case 'sarif':
      return sarifOf(lockRemarks(audited), { version, folder })
    case 'github':
      return annotationsOf(lockRemarks(audited), folder)
    case 'junit':
      return junitOf(audited)
    default:
      return format satisfies never
  }
}

function fileJson({ lock, package: { line }, explanation }: Surveyed, here: boolean): object {
  return { lock, line, here, ...verdictJson(explanation) }
}

function asideJson({ lock, line, project, version, filename }: Aside): object {
  return { lock, line, project, version, filename: filename ?? null }
}

function skippedJson({ lock, line, kind, name, version, index, why }: UnjudgedEntry): object {
  return { lock, line, kind, name, version: version ?? null, index: index ?? null, why }
}

/** Everything that is not simply admitted, release by release, then the summary. */
function renderText(
  screen: Screen,
  { surveyed, here, targets, summary, locks, findings }: Audited,
  all: boolean,
): void {
  const named = targets.pythons.length + targets.platforms.length > 0
  const isFolded = (it: Surveyed): boolean => !all && !named && !here.has(it)
  const told = surveyed.flatMap(it => {
    const complaint = complaintOf(it.explanation)
    return complaint === undefined ? [] : [{ it, complaint }]
  })
  const releases = Map.groupBy(told, ({ it }) => `${it.lock} ${it.package.project} ${it.package.version}`)
  let hasFolded = false
  for (const files of releases.values()) {
    const [first] = files
    if (first === undefined) continue
    const { lock, package: locked } = first.it
    screen.line(styled('strong', `${locked.project} ${locked.version}`), styled('dim', `  ${lock}:${locked.line}`))
    const folded = foldedOf(files, isFolded)
    const rest = files.filter(it => !folded.includes(it))
    renderComplaints(screen, rest)
    renderFolded(screen, folded)
    hasFolded ||= folded.length > 0
  }
  const unjudged = findingsIn(locks)
  renderUnjudged(screen, unjudged)
  renderSkipped(screen, locks)
  if (releases.size > 0 || unjudged.length > 0) screen.line()
  renderSummary(screen, summary)
  if (hasFolded)
    screen.prose([styled('dim', '– ')], 'files that no client here takes are told in one line; --all shows each')
  tellFailures(screen, findings)
}

interface Told {
  readonly it: Surveyed
  readonly complaint: Complaint
}

/** What is told in a line for all of it; nothing where one line tells the whole release anyway. */
function foldedOf(files: readonly Told[], isFolded: (it: Surveyed) => boolean): readonly Told[] {
  const said = new Set(files.map(({ complaint }) => `${complaint.code} ${complaint.message}`))
  return said.size < 2 ? [] : files.filter(({ it }) => isFolded(it))
}

/** Of one release: each file, or all together where the same is to be said of them. */
function renderComplaints(screen: Screen, files: readonly Told[]): void {
  const [same, ...others] = new Set(files.map(({ complaint }) => `${complaint.code} ${complaint.message}`))
  for (const { it, complaint } of files.slice(0, others.length === 0 && same !== undefined ? 1 : undefined)) {
    const [mark, style] = MARKS[complaint.level]
    const name = others.length === 0 && files.length > 1 ? counted(files.length, 'file') : it.explanation.file.filename
    screen.line('  ', styled(style, mark), ` ${name}: `, styled(style, complaint.code))
    screen.prose(['    '], complaint.message)
  }
}

/** The rest of it: how many files, and for what. */
function renderFolded(screen: Screen, files: readonly Told[]): void {
  for (const [code, same] of Map.groupBy(files, ({ complaint }) => complaint.code)) {
    const [mark, style] = MARKS[same[0]?.complaint.level ?? 'error']
    screen.line(
      '  ',
      styled(style, mark),
      ` ${counted(same.length, 'file')} that no client here takes: `,
      styled(style, code),
    )
  }
}

const MARKS = { error: ['✗', 'bad'], warning: ['?', 'doubt'], note: ['!', 'doubt'] } as const

/** 1 when any is refused or not listed, because asking again does not change it; else the code of what cannot be determined. */
function exitOf(surveyed: readonly Surveyed[], { enforce }: AuditOptions): ExitCode {
  const explanations = surveyed.map(({ explanation }) => explanation)
  const refused = explanations.some(({ outcome }) => {
    if (outcome instanceof GateError) return outcome.code === 'not-listed'
    return outcome.kind === 'refused' || (enforce === true && outcome.facts.wouldRefuse !== undefined)
  })
  return refused ? 1 : exitOfUnknown(explanations)
}
