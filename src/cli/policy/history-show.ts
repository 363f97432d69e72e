import { type Command, InvalidArgumentError } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import { day } from '../../domain/decide/story.ts'
import { identityOf } from '../../domain/identity/identity.ts'
import { createHistory, type History, type Proof, type SeenFile } from '../../domain/memory/history.ts'
import { seenProject } from '../../domain/memory/project-memory.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import {
  canonicalVersion,
  compareVersions,
  parseVersion,
  releaseOf,
  type Version,
} from '../../domain/packaging/version.ts'
import { readHistory, type ShownProject } from '../../gate/records/told-history.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { askRecords } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption, writtenOption } from '../command/options.ts'
import type { Services } from '../command/services.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted, renderTable } from '../terminal/table.ts'

interface ShowOptions extends GateOptions {
  readonly config?: string
  readonly last: number
  readonly before?: Version
  readonly all?: boolean
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Prints what the gate has seen of a project, release by release: which files were attested, by whom, when each was seen first. A release that lost what those before it had, and a signer that is not the first identity, are marked. This is what the ratchet (attestation: when-seen) and the first identity (identity: first-seen) go by; it has no end.

A page has the newest releases, and says how many there are before them, how many of those are marked, and what shows them.

"proved" was verified here; "offered" is what the index says, and nobody has asked for it yet.`

const MORE = `
Exit codes:
  0  told; also where there is nothing to tell
  2  usage, configuration or policy

Output of --format json, one object:
  {project, status, last_read, first: null | {san, file, at},
   files: [{filename, version, uploaded, first_seen, last_seen, absent, missed,
     offered, proved: null | {at, signed_at, san, repository, workflow,
       repository_id, owner_id, is_first}}]}

${ENVIRONMENT}

Examples:
  portcullis history show sampleproject
  portcullis history show sampleproject --before 4.0 --last 100
  portcullis history show sampleproject --all | less
  portcullis history show sampleproject --gate https://console.acme.example`

export function addHistoryCommand(program: Command, services: Services): void {
  const history = program
    .command('history')
    .description('Look at what the gate has seen of a project, and let go of what stands in the way.')
  history
    .command('show')
    .summary('print the timeline of a project')
    .description(DESCRIPTION)
    .argument('<project>', 'name of the project')
    .addOption(writtenOption('--last <count>', 'how many releases a page has', { parse: parseCount, otherwise: '40' }))
    .option('--before <version>', 'the page that ends before this release', parseVersionOption)
    .option('--all', 'every release on one page')
    .addOption(formatOption('json prints one object, with every release'))
    .addHelpText('after', MORE)
    .action(async (name: string, _options, command: Command) => {
      await show(name, command.optsWithGlobals<ShowOptions>(), services)
    })
}

function parseCount(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError('Not a count such as 40.')
  return Number(text)
}

function parseVersionOption(text: string): Version {
  const version = parseVersion(text)
  if (version === undefined) throw new InvalidArgumentError('Not one version (PEP 440).')
  return version
}

async function show(name: string, options: ShowOptions, services: Services): Promise<void> {
  const { config } = options
  const project = tryProjectName(name)
  if (project === undefined) throw new GateError('usage', `${JSON.stringify(name)} is not a project name`)
  const named = gateNamed(options, services)
  if (named !== undefined) {
    const told = await askGate(named, services, gate => gate.ask('getHistory', { project }))
    tell(project, readHistory(told), options, services)
    return
  }
  await askRecords((await services.loadConfig({ config })).config, services, async records => {
    tell(project, seenProject(await records.project(project)), options, services)
  })
}

function tell(project: string, seen: ShownProject | undefined, options: ShowOptions, { output }: Services): void {
  if (options.format === 'json') output.out(jsonLine(seen === undefined ? { project, ...UNSEEN } : toJson(seen)))
  else if (seen === undefined) createScreen(output).line(`the gate has never read the page of ${project}`)
  else render(createScreen(output), seen, options)
}

const UNSEEN = { status: null, last_read: null, first: null, files: [] }

function toJson({ project, status, lastRead, files }: ShownProject): object {
  const { first } = createHistory(files)
  return {
    project,
    status,
    last_read: formatInstant(lastRead),
    first:
      first === undefined
        ? null
        : { san: first.proof.claims.san.value, file: first.filename, at: formatInstant(first.proof.at) },
    files: files.map(file => ({
      filename: file.filename,
      version: file.version,
      uploaded: time(file.uploaded),
      first_seen: time(file.firstSeen),
      last_seen: time(file.lastSeen),
      absent: time(file.absent),
      missed: time(file.missed),
      offered: time(file.offered),
      proved: provedJson(file, first),
    })),
  }
}

function provedJson({ proof }: SeenFile, first: First): object | null {
  if (proof === undefined) return null
  const { san, repository, workflow } = identityOf(proof.claims)
  return {
    at: time(proof.at),
    signed_at: time(proof.signedAt),
    san,
    repository: repository ?? null,
    workflow: workflow ?? null,
    repository_id: proof.claims.sourceRepositoryId ?? null,
    owner_id: proof.claims.sourceRepositoryOwnerId ?? null,
    is_first: proof.signer === first?.proof.signer,
  }
}

function time(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at)
}

type First = History['first']

function render(screen: Screen, { project, status, lastRead, files }: ShownProject, options: ShowOptions): void {
  screen.line(styled('strong', project), `  ${status}, page last read ${minute(lastRead)}`)
  const history = createHistory(files)
  const { first } = history
  if (first !== undefined)
    screen.line(`first identity: ${who(first.proof, first)} (${first.filename}, ${minute(first.proof.at)})`)
  screen.line()
  const releases = [...Map.groupBy(files, ({ version }) => canonicalVersion(version)).values()].sort((a, b) =>
    compareVersions(versionOf(a), versionOf(b)),
  )
  const { shown, earlier, later } = pageOf(releases, options)
  let line = ''
  const rows: (readonly (string | number)[])[] = []
  for (const release of shown) {
    const attested = release.filter(isAttested).length
    const signers = [...new Set(release.flatMap(({ proof }) => (proof === undefined ? [] : [who(proof, first)])))]
    const signer = signers.join(' and ') || (attested > 0 ? '(offered, not asked for)' : '')
    const own = lineOf(versionOf(release))
    const uploaded = earliest(release.map(file => file.uploaded))
    rows.push([
      own === line ? '' : own,
      versionOf(release),
      `${attested}/${release.length}`,
      minute(earliest(release.map(({ firstSeen }) => firstSeen)) ?? lastRead),
      uploaded === undefined ? '' : day(uploaded),
      [signer, note(release, history)].filter(text => text !== '').join('  '),
    ])
    line = own
  }
  renderTable(screen, ['line', 'release', 'attested', 'first seen', 'uploaded', 'signed by'], rows)
  tellOthers(screen, project, { shown, earlier, later }, history)
}

interface HistoryPage {
  readonly shown: readonly (readonly SeenFile[])[]
  readonly earlier: readonly (readonly SeenFile[])[]
  readonly later: readonly (readonly SeenFile[])[]
}

function pageOf(releases: readonly (readonly SeenFile[])[], { all, last, before }: ShowOptions): HistoryPage {
  const end =
    before === undefined ? -1 : releases.findIndex(release => compareVersions(versionOf(release), before) >= 0)
  const until = end < 0 ? releases.length : end
  const from = all === true ? 0 : Math.max(0, until - last)
  return { shown: releases.slice(from, until), earlier: releases.slice(0, from), later: releases.slice(until) }
}

/** What is marked must not be overlooked for standing on another page. */
function tellOthers(screen: Screen, project: string, { shown, earlier, later }: HistoryPage, history: History): void {
  const tell = (others: readonly (readonly SeenFile[])[], where: string): string => {
    const marked = others.filter(release => note(release, history) !== '').length
    return `${counted(others.length, `${where} release`)}${marked === 0 ? '' : `, ${marked} of them marked`}`
  }
  const parts = [
    ...(earlier.length === 0 ? [] : [tell(earlier, 'earlier')]),
    ...(later.length === 0 ? [] : [tell(later, 'later')]),
  ]
  if (parts.length === 0) return
  screen.line()
  const [first] = shown
  const next = earlier.length === 0 || first === undefined ? '' : `--before ${versionOf(first)} shows those before, `
  screen.prose([], `and ${parts.join('; ')} (${next}--all all of ${project})`)
}

/** What somebody should look at, by what the ratchet and the first identity go by where a rule says no more than that. */
function note(release: readonly SeenFile[], { first, attestedBefore }: History): string {
  const attested = release.filter(isAttested).length
  if (release.some(({ proof }) => proof !== undefined && proof.signer !== first?.proof.signer))
    return '← another signer'
  if (attested > 0) return attested < release.length ? '← partly attested' : ''
  const before = attestedBefore(versionOf(release), 'minor', 'prereleases apart')
  return before === undefined ? '' : '← attestations have stopped'
}

function isAttested({ offered, proof }: SeenFile): boolean {
  return offered !== undefined || proof !== undefined
}

function versionOf(release: readonly SeenFile[]): Version {
  const [file] = release
  if (file === undefined) throw new TypeError('a release has a file')
  return file.version
}

function earliest(times: readonly (Instant | undefined)[]): Instant | undefined {
  return times.reduce((first, at) => (first === undefined || (at !== undefined && at < first) ? at : first), undefined)
}

function lineOf(version: Version): string {
  const { epoch, release } = releaseOf(version)
  return `${epoch === 0n ? '' : `${epoch}!`}${release[0] ?? 0n}.${release[1] ?? 0n}`
}

/** Names can be taken over, ids cannot: they are told where the name alone would look like the first identity. */
function who(proof: Proof, first: First): string {
  const name = nameOf(proof)
  if (first === undefined || first.proof.signer === proof.signer || nameOf(first.proof) !== name) return name
  const { sourceRepositoryId, sourceRepositoryOwnerId, buildSignerUri } = proof.claims
  return `${name} (repository id ${sourceRepositoryId}, owner id ${sourceRepositoryOwnerId}, signer ${buildSignerUri})`
}

function nameOf({ claims }: Proof): string {
  const { repository, workflow, san } = identityOf(claims)
  return repository === undefined ? san : `${repository} ${workflow ?? ''}`.trimEnd()
}

function minute(at: Instant): string {
  return `${formatInstant(at).slice(0, 16)}Z`
}
