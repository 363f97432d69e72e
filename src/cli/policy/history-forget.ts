import { type Command, Option } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { LET_GO, type LetGo } from '../../domain/memory/letting-go.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, parseVersion, type Version } from '../../domain/packaging/version.ts'
import { askRecords, assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, ForgetOrder, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

interface ForgetOptions {
  readonly config?: string
  readonly what: LetGo
  readonly file?: string
  readonly reason: string
  readonly source: ForgetOrder['source']
}

const DESCRIPTION = `Lets go of one thing that the gate remembers and that stands in the way: what an index said once and never again, or what a person has looked into. It stands in the journal and in the audit log with its reason, and as an event in the log. A gate that runs takes notice within two seconds; without one it holds from the next start on.

What is let go of is learned again from whatever comes next, so look at the index first.`

const MORE = `
What can be let go of:
  digest    the first sha256 of a project's files (of one file with --file)
  serial    the highest serial of the project's page
  path      that the project listed a file that it lists no longer; with --file
  arrival   when the project's files came (one with --file): that its page was
            read without them, and the upload times that it gave first
  identity  who was proved first to sign the project's files
  offer     that the index offered provenance for the project's files (for one
            with --file); what was proved of them stays
  clock     the newest time that was recorded; without a project

Exit codes:
  0  let go of
  1  the gate remembers nothing to let go of, whatever commands here did
  2  usage or configuration
  3  the data folder could not be written to

${ENVIRONMENT}

Examples:
  portcullis history forget demo --what serial --reason "one odd answer, INC-7"
  portcullis history forget demo==1.0 --what digest --reason "mirror was wrong"
  portcullis history forget demo --what path --file demo-2-4.tar.gz --reason …
  portcullis history forget --what clock --reason "the host ran a year ahead"`

/** Beside what shows the history, in the group that it made. */
export function addHistoryForget(program: Command, services: Services, conclude: Conclude): void {
  const history = program.commands.find(command => command.name() === 'history') ?? program.command('history')
  history
    .command('forget')
    .summary('let go of something that is remembered of a project, with a reason')
    .description(DESCRIPTION)
    .argument('[project]', 'name of the project, or name==version')
    .addOption(new Option('--what <fact>', 'what to let go of').choices(LET_GO).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why, for whoever reads the journal or the audit log later')
    .option('--file <name>', 'of this file alone')
    .addOption(
      new Option('--source <name>', 'whose word it was: the index, or what a mirror holds')
        .choices(['upstream', 'held'])
        .default('upstream'),
    )
    .addHelpText('after', MORE)
    .action(async (target: string | undefined, _options, command: Command) => {
      conclude(await forget(target, command.optsWithGlobals<ForgetOptions>(), services))
    })
}

async function forget(
  target: string | undefined,
  { what, file, reason, source, config: path }: ForgetOptions,
  services: Services,
): Promise<ExitCode> {
  if (reason.trim() === '') throw new GateError('usage', '--reason says why')
  const { project, version } = readTarget(target)
  if ((project === undefined) !== (what === 'clock'))
    throw new GateError('usage', what === 'clock' ? 'the clock is of no project' : 'name the project')
  const { config } = await services.loadConfig({ config: path })
  const filenames = await filesMeant({ project, version, file }, what, async name =>
    askRecords(config, services, async records => [...(await records.project(name)).sightings.values()]),
  )
  const found = { gate: false, own: false }
  for (const filename of filenames) {
    const { gate, own } = await services.forget(config, { what, project, filename, source, reason })
    found.gate ||= gate
    found.own ||= own
  }
  const screen = createScreen(services.output)
  const of = [what, ...(project === undefined ? [] : ['of', file ?? target ?? project])].join(' ')
  if (found.gate) screen.line(styled('good', '✓'), ` let go of the ${of}`)
  if (found.gate) return 0
  // no gate is concerned, and nothing stands in a log of one
  if (found.own) screen.line(`let go of the ${of} that commands here (explain, audit, verify) remembered`)
  if (found.own && !(await services.hasDatabase(config))) return 0
  await assertDatabase(config, services)
  screen.line(`${found.own ? 'the gate remembers' : 'there is'} no ${of} to let go of`)
  return 1
}

interface Target {
  readonly project: ProjectName | undefined
  readonly version: Version | undefined
}

function readTarget(text: string | undefined): Target {
  if (text === undefined) return { project: undefined, version: undefined }
  const [name = '', versionText, ...rest] = text.split('==')
  const project = tryProjectName(name)
  const version = versionText === undefined ? undefined : parseVersion(versionText)
  if (project === undefined || rest.length > 0 || (versionText !== undefined && version === undefined))
    throw new GateError('usage', `${JSON.stringify(text)} is neither a project name nor name==version`)
  return { project, version }
}

/** One, those of the version, or all: `undefined`. */
async function filesMeant(
  { project, version, file }: Target & { readonly file: string | undefined },
  what: LetGo,
  seen: (
    project: ProjectName,
  ) => Promise<readonly { readonly filename: string; readonly version: Version | undefined }[]>,
): Promise<readonly (string | undefined)[]> {
  if (file !== undefined || version !== undefined) {
    if (what === 'clock' || what === 'serial') throw new GateError('usage', `a ${what} is no matter of files`)
    if (file !== undefined || project === undefined || version === undefined) return [file]
    const files = await seen(project)
    return files.flatMap(({ filename, version: own }) =>
      own !== undefined && compareVersions(own, version) === 0 ? [filename] : [],
    )
  }
  if (what === 'path') throw new GateError('usage', '--what path needs the file: --file NAME')
  return [undefined]
}
