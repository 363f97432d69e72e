import { type Command, Option } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'
import { verdictJson } from '../../gate/explain/verdict-json.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { collect, ENVIRONMENT, type JudgingOptions, parseTimeOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { readLocks } from '../locks/lock-files.ts'
import { type LockOptions, ownLocks, UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { surveyLocks } from '../locks/survey-locks.ts'
import { complaintOf } from '../report/complaint.ts'
import { junitOf } from '../report/junit.ts'
import type { LockReport } from '../report/lock-report.ts'
import { type LockSummary, renderSummary, summarise } from '../report/lock-summary.ts'
import { sarifOf } from '../report/sarif.ts'
import {
  failuresIn,
  findingsIn,
  renderSkipped,
  renderUnjudged,
  tellFailures,
  type UnjudgedEntry,
  unjudgedIn,
} from '../report/unjudged.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

interface AuditOptions extends Omit<JudgingOptions, 'format'>, LockOptions {
  readonly format: 'text' | 'json' | 'sarif' | 'junit'
  readonly enforce?: boolean
}

const DESCRIPTION = `Judges every file that lock files allow, as the gate would, side by side, and ends with a summary: how many files are attested, by whom, what is exempted and until when.

Reads requirements.txt with hashes (-r and -c followed), uv.lock, poetry.lock, pdm.lock, Pipfile.lock and pylock.toml, told apart by name or by what stands in them. Nothing is downloaded but index pages and provenance. What was found is remembered, so that a run that was interrupted, or could not determine everything, goes on where it was.`

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
   files: [{lock, line, …as verify --format json}],
   skipped: [{lock, line, kind, name, version, index, why}]}
skipped is all that was not judged, or not as what a client may take; kind is
url, vcs, path, editable, index-line, other-index, own, internal or empty.
sarif: SARIF 2.1.0, a result for each file that is not admitted and for what was
not judged, at its line. junit: a suite for each lock, a case for each of them.

${ENVIRONMENT}

Examples:
  portcullis audit uv.lock
  portcullis audit requirements.txt --policy acme.yaml --format junit
  portcullis audit poetry.lock --format sarif > portcullis.sarif`

export function addAuditCommand(program: Command, services: Services, conclude: Conclude): void {
  withLockOptions(program.command('audit'))
    .summary('judge every file of lock files')
    .description(DESCRIPTION)
    .argument('<lockfile...>', 'lock files')
    .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect)
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root')
    .option('--at <time>', 'judge exemptions and ages as of this moment', parseTimeOption)
    .option('--enforce', 'count what a policy in audit mode would refuse as refused')
    .addOption(
      new Option('--format <format>', 'how to tell it').choices(['text', 'json', 'sarif', 'junit']).default('text'),
    )
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await audit(paths, command.optsWithGlobals<AuditOptions>(), services))
    })
}

async function audit(paths: readonly string[], options: AuditOptions, services: Services): Promise<ExitCode> {
  const read = readLocks(paths, services.environment)
  const { config } = services.loadConfig({ ...options })
  const locks = ownLocks(read, config, options)
  const explain = await services.openExplain(config, { trustRoot: options.trustRoot, at: options.at })
  try {
    await tellPolicy(explain.policy(), { config, format: options.format }, services)
    const surveyed = await surveyLocks(locks, explain, services.output)
    const summary = summarise(locks, surveyed, explain.policy())
    const findings = failuresIn(locks, options)
    tell({ locks, surveyed, summary, findings, folder: process.cwd() }, options, services)
    return findings.length > 0 ? 1 : exitOf(surveyed, options)
  } finally {
    await explain.close()
  }
}

interface Audited extends LockReport {
  readonly locks: readonly Lock[]
  readonly summary: LockSummary
  readonly folder: string
}

function tell(audited: Audited, { format }: AuditOptions, { output, version }: Services): void {
  if (format === 'text') renderText(createScreen(output), audited)
  else output.out(written(audited, format, version))
}

function written(audited: Audited, format: Exclude<AuditOptions['format'], 'text'>, version: string): string {
  const { locks, surveyed, summary, folder } = audited
  switch (format) {
    case 'json':
      return jsonLine({ summary, files: surveyed.map(fileJson), skipped: unjudgedIn(locks).map(skippedJson) })
    case 'sarif':
      return `${JSON.stringify(sarifOf(audited, version, folder), undefined, 2)}\n`
    case 'junit':
      return junitOf(audited)
    default:
      return format satisfies never
  }
}

function fileJson({ lock, package: { line }, explanation }: Surveyed): object {
  return { lock, line, ...verdictJson(explanation) }
}

function skippedJson({ lock, line, kind, name, version, index, why }: UnjudgedEntry): object {
  return { lock, line, kind, name, version: version ?? null, index: index ?? null, why }
}

/** Everything that is not simply admitted, release by release, then the summary. */
function renderText(screen: Screen, { surveyed, summary, locks, findings }: Audited): void {
  const told = surveyed.flatMap(it => {
    const complaint = complaintOf(it.explanation)
    return complaint === undefined ? [] : [{ it, complaint }]
  })
  const releases = Map.groupBy(told, ({ it }) => `${it.lock} ${it.package.project} ${it.package.version}`)
  for (const files of releases.values()) {
    const [first] = files
    if (first === undefined) continue
    const { lock, package: locked } = first.it
    screen.line(styled('strong', `${locked.project} ${locked.version}`), styled('dim', `  ${lock}:${locked.line}`))
    const [same, ...others] = new Set(files.map(({ complaint }) => `${complaint.code} ${complaint.message}`))
    for (const { it, complaint } of files.slice(0, others.length === 0 && same !== undefined ? 1 : undefined)) {
      const [mark, style] = MARKS[complaint.level]
      const name =
        others.length === 0 && files.length > 1 ? counted(files.length, 'file') : it.explanation.file.filename
      screen.line('  ', styled(style, mark), ` ${name}: `, styled(style, complaint.code))
      screen.prose(['    '], complaint.message)
    }
  }
  const named = findingsIn(locks)
  renderUnjudged(screen, named)
  renderSkipped(screen, locks)
  if (releases.size > 0 || named.length > 0) screen.line()
  renderSummary(screen, summary)
  tellFailures(screen, findings)
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
