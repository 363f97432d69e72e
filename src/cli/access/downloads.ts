import { type Command, Option } from 'commander'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, instant } from '../../domain/base/instant.ts'
import { isListedFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { parseVersion } from '../../domain/packaging/version.ts'
import { type Download, type DownloadsOf, findDownloads } from '../../gate/records/downloads.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, everyItem, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { askRecords, tellDropped } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, GateNamed, Services } from '../command/services.ts'
import { parseSince, type Since, sinceAt } from '../command/since.ts'
import { downloadJson, readDownload, renderDownloads } from '../command/told-downloads.ts'
import { createScreen } from '../terminal/screen.ts'

interface ShowOptions extends GateOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
  readonly since?: Since
}

const DESCRIPTION = `Tells who got a file, a release, a project or some bytes, or what somebody got: from the journal, when, how often, and under which verdict. A refusal is no download.

The journal reaches back as far as journal.keep. What was written down before anybody was asked has an address, and no subject.`

const MORE = `
What can be asked for:
  demo                        a project
  demo==1.0                   a release
  demo-1.0-py3-none-any.whl   a file
  64 hexadecimal digits       the bytes with this sha256, whatever their name
  token:ci, workload:…, user:…, anonymous
                              all that somebody got

Exit codes:
  0  told; also where nothing was found
  2  usage or configuration

Output of --format json, one object a line:
  {subject, index, source, sha256, rule, client, project, filename, verdict, requests,
   first, last}
subject and index are null where they were not written down yet, source
also where there is one alone.

${ENVIRONMENT}

Examples:
  portcullis downloads show demo==1.0
  portcullis downloads show token:ci --since 7d --format json
  portcullis downloads show demo --gate https://console.acme.example`

export function addDownloadsCommand(program: Command, services: Services, _conclude: Conclude): void {
  program
    .command('downloads')
    .description('Look at who got what.')
    .command('show')
    .summary('list who got a file, a release, a project, or what somebody got')
    .description(DESCRIPTION)
    .argument('<what>', 'project, name==version, file name, sha256 or subject')
    .addOption(new Option('--since <when>', 'no earlier than 14d, 36h or a date').argParser(parseSince))
    .addOption(formatOption('json prints one object a line'))
    .addHelpText('after', MORE)
    .action(async (what: string, _options, command: Command) => {
      await show(what, command.optsWithGlobals<ShowOptions>(), services)
    })
}

async function show(what: string, options: ShowOptions, services: Services): Promise<void> {
  const { config: path, format, since } = options
  const wanted = readWanted(what)
  const named = gateNamed(options, services)
  if (named !== undefined) return tell(await downloadsAfar(wanted, since, { named, services }), format, services)
  const { config } = await services.loadConfig({ config: path })
  const from = since === undefined ? instant(0) : sinceAt(since, services.clock())
  await askRecords(config, services, async records => {
    await tellDropped(records, from, services)
    const downloads = await findDownloads(records, wanted, from)
    tell(downloads, format, services)
  })
}

function tell(downloads: readonly Download[], format: ShowOptions['format'], { output }: Services): void {
  const screen = createScreen(output)
  if (format === 'json') for (const one of downloads) output.out(jsonLine(downloadJson(one)))
  else if (downloads.length > 0) renderDownloads(screen, downloads)
  else screen.line('nothing was downloaded, as far back as the journal goes')
}

async function downloadsAfar(
  wanted: DownloadsOf,
  since: Since | undefined,
  { named, services }: { readonly named: GateNamed; readonly services: Services },
): Promise<readonly Download[]> {
  const from = since === undefined ? undefined : formatInstant(sinceAt(since, services.clock()))
  const filter = { ...filterOf(wanted), since: from, limit: '500' }
  return await askGate(named, services, async gate => {
    const items = await everyItem(async cursor => await gate.ask('listDownloads', { ...filter, cursor }))
    return items.map(readDownload)
  })
}

function filterOf(wanted: DownloadsOf): Readonly<Record<string, string | undefined>> {
  switch (wanted.kind) {
    case 'sha256':
      return { sha256: wanted.sha256 }
    case 'subject':
      return { subject: wanted.subject }
    case 'file':
      return { filename: wanted.filename }
    case 'project':
      return { project: wanted.project, version: wanted.version }
    default:
      return wanted satisfies never
  }
}

const SUBJECT = /^(?:token|workload|user):.|^anonymous$/

function readWanted(text: string): DownloadsOf {
  if (SUBJECT.test(text)) return { kind: 'subject', subject: text }
  const sha256 = parseSha256(text.toLowerCase())
  if (sha256 !== undefined) return { kind: 'sha256', sha256 }
  if (isListedFilename(text) && /\.(?:whl|gz|zip|bz2|tgz|egg|exe|rpm)$/.test(text))
    return { kind: 'file', filename: text }
  const [name = '', versionText, ...rest] = text.split('==')
  const project = tryProjectName(name.trim())
  const version = versionText === undefined ? undefined : parseVersion(versionText.trim())
  if (project !== undefined && rest.length === 0 && (versionText === undefined || version !== undefined))
    return { kind: 'project', project, version }
  throw new GateError(
    'usage',
    `${JSON.stringify(text)} is no project, name==version, file name, sha256 or subject (token:ci, anonymous)`,
  )
}
