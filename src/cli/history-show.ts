import type { Command } from 'commander'
import { GateError } from '../domain/errors.ts'
import type { SeenFile } from '../domain/history.ts'
import { identityOf } from '../domain/identity.ts'
import { formatInstant, type Instant, instant } from '../domain/instant.ts'
import { tryProjectName } from '../domain/name.ts'
import { canonicalVersion, compareVersions, releaseOf, type Version } from '../domain/version.ts'
import type { SeenProject } from '../ports.ts'
import { jsonLine } from './explanation-json.ts'
import { askRecords } from './gate-records.ts'
import { ENVIRONMENT, formatOption } from './options.ts'
import { createScreen, type Screen, styled } from './screen.ts'
import type { Services } from './services.ts'
import { renderTable } from './table.ts'

const DESCRIPTION = `Prints what the gate has seen of a project, release by release: which files were attested, by whom, when each was seen first. A release that lost what the one before it had, and a signer that changed, are marked. This is what the ratchet (attestation: when-seen) and the first identity (identity: first-seen) go by; it has no end.

"proved" was verified here; "offered" is what the index says, and nobody has asked for it yet.`

const MORE = `
Exit codes:
  0  told; also where there is nothing to tell
  2  usage, configuration or policy

Output of --format json, one object:
  {project, status, last_read, first: null | {san, file, at},
   files: [{filename, version, uploaded, first_seen, last_seen, absent,
     offered, proved: null | {at, signed_at, san, repository, workflow}}]}

${ENVIRONMENT}

Examples:
  portcullis history show sampleproject`

export function addHistoryCommand(program: Command, services: Services): void {
  const history = program
    .command('history')
    .summary('look at what the gate has seen of a project')
    .description('Look at what the gate has seen of a project.')
  history
    .command('show')
    .summary('print the timeline of a project')
    .description(DESCRIPTION)
    .argument('<project>', 'name of the project')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (name: string, _options, command: Command) => {
      const { format, config } = command.optsWithGlobals<{ format: 'text' | 'json'; config?: string }>()
      const project = tryProjectName(name)
      if (project === undefined) throw new GateError('usage', `${JSON.stringify(name)} is not a project name`)
      await askRecords(services.loadConfig({ config: config }).config, services, records => {
        const seen = records.project(project)
        if (format === 'json') services.output.out(jsonLine(seen === undefined ? { project, files: [] } : toJson(seen)))
        else if (seen === undefined)
          createScreen(services.output).line(`the gate has never read the page of ${project}`)
        else render(createScreen(services.output), seen)
      })
    })
}

function toJson({ project, status, lastRead, files }: SeenProject): object {
  const first = firstProved(files)
  return {
    project,
    status,
    last_read: formatInstant(lastRead),
    first:
      first?.proof === undefined
        ? null
        : { san: first.proof.claims.san.value, file: first.filename, at: formatInstant(first.proof.at) },
    files: files.map(file => ({
      filename: file.filename,
      version: file.version,
      uploaded: time(file.uploaded),
      first_seen: time(file.firstSeen),
      last_seen: time(file.lastSeen),
      absent: time(file.absent),
      offered: time(file.offered),
      proved: provedJson(file),
    })),
  }
}

function provedJson({ proof }: SeenFile): object | null {
  if (proof === undefined) return null
  const { san, repository, workflow } = identityOf(proof.claims)
  return {
    at: time(proof.at),
    signed_at: time(proof.signedAt),
    san,
    repository: repository ?? null,
    workflow: workflow ?? null,
  }
}

function time(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at)
}

function firstProved(files: readonly SeenFile[]): SeenFile | undefined {
  return files
    .filter(({ proof }) => proof !== undefined)
    .reduce<SeenFile | undefined>(
      (first, file) => ((first?.proof?.at ?? Number.POSITIVE_INFINITY) <= (file.proof?.at ?? 0) ? first : file),
      undefined,
    )
}

function render(screen: Screen, { project, status, lastRead, files }: SeenProject): void {
  screen.line(styled('strong', project), `  ${status}, page last read ${minute(lastRead)}`)
  const first = firstProved(files)
  if (first?.proof !== undefined)
    screen.line(`first identity: ${who(first)} (${first.filename}, ${minute(first.proof.at)})`)
  screen.line()
  const releases = [...Map.groupBy(files, ({ version }) => canonicalVersion(version)).values()].sort((a, b) =>
    compareVersions(versionOf(a), versionOf(b)),
  )
  let before: string | undefined
  let line = ''
  const rows: (readonly (string | number)[])[] = []
  for (const release of releases) {
    const attested = release.filter(isAttested).length
    const signers = [...new Set(release.flatMap(file => (file.proof === undefined ? [] : [who(file)])))]
    const signer = signers.join(' and ') || (attested > 0 ? '(offered, not asked for)' : '')
    const own = lineOf(versionOf(release))
    rows.push([
      own === line ? '' : own,
      versionOf(release),
      `${attested}/${release.length}`,
      minute(earliest(release)),
      [signer, note(attested, release.length, signers, before)].filter(text => text !== '').join('  '),
    ])
    line = own
    if (attested > 0) before = signers[0] ?? before ?? ''
  }
  renderTable(screen, ['line', 'release', 'attested', 'first seen', 'signed by'], rows)
}

/** What somebody should look at. */
function note(attested: number, all: number, signers: readonly string[], before: string | undefined): string {
  if (before !== undefined && attested === 0) return '← attestations have stopped'
  if (attested > 0 && attested < all) return '← partly attested'
  if (before !== undefined && before !== '' && signers.some(signer => signer !== before)) return '← another signer'
  return ''
}

function isAttested({ offered, proof }: SeenFile): boolean {
  return offered !== undefined || proof !== undefined
}

function versionOf(release: readonly SeenFile[]): Version {
  const [file] = release
  if (file === undefined) throw new TypeError('a release has a file')
  return file.version
}

function earliest(release: readonly SeenFile[]): Instant {
  return release.reduce((first, { firstSeen }) => instant(Math.min(first, firstSeen)), instant(Number.MAX_SAFE_INTEGER))
}

function lineOf(version: Version): string {
  const { epoch, release } = releaseOf(version)
  return `${epoch === 0n ? '' : `${epoch}!`}${release[0] ?? 0n}.${release[1] ?? 0n}`
}

function who({ proof }: SeenFile): string {
  if (proof === undefined) return ''
  const { repository, workflow, san } = identityOf(proof.claims)
  return repository === undefined ? san : `${repository} ${workflow ?? ''}`.trimEnd()
}

function minute(at: Instant): string {
  return `${formatInstant(at).slice(0, 16)}Z`
}
