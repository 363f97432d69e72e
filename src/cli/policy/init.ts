import { existsSync, mkdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import type { Targets } from '../../domain/packaging/targets.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { createChoice } from '../../gate/explain/choice.ts'
import {
  besideBase,
  cover,
  type LeftOut,
  observe,
  observingPolicy,
  type UnknownFile,
} from '../../gate/explain/observe-locks.ts'
import { onePerFile, onSilentIndex, type Survey, type Surveyed } from '../../gate/explain/survey.ts'
import { readPinsFile, readPolicyFiles } from '../../gate/policy/policy-files.ts'
import type { ReadPinsFile } from '../../protocol/clauses/named-pins.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import { type WrittenPolicy, writePolicy } from '../../protocol/policy/write.ts'
import { formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { BUILDS, type BuildOptions, withBuildOptions, writeConstraints } from '../locks/build-options.ts'
import { readLocks } from '../locks/lock-files.ts'
import { type Beside, lookAtLocks } from '../locks/look-at-locks.ts'
import { ownLocks, UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { type TargetOptions, targetsOf, withTargetOptions } from '../locks/targets-options.ts'
import { renderAside, textOfAside } from '../report/aside.ts'
import { renderBuilds, textOfBuilds } from '../report/build-releases.ts'
import { renderSummary, summarise } from '../report/lock-summary.ts'
import {
  failuresIn,
  findingsIn,
  nameOfUnjudged,
  renderSkipped,
  renderUnjudged,
  tellFailures,
  unjudgedIn,
} from '../report/unjudged.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'
import { exemptionOptions, type InitOptions, withInitOptions } from './init-options.ts'

const DESCRIPTION = `Observes every file that lock files allow and writes the policy that admits exactly that: the publishers that signed, a rule for each project, and for what nobody signed an exemption that is pinned to its sha256 and ends.

Who signed is proved by certificates; whether they should have is for you to say, so read what comes out. Where a lock names publishers itself (pylock.toml, attestation-identities), what was observed must agree.`

const MORE = `
The policy goes to stdout, or to --out; a summary goes to stderr. With --out,
what is exempted lies in files beside it (pins/, in the form of pip), one for
each lock and reason; on stdout it stands in the policy itself. What was found
is remembered, so that a run that could not determine everything goes on where
it was.

With --base, only what those policies lack is written: rules for projects that
they do not know, and exemptions. It is read together with them, and has
neither mode nor defaults of its own.

With --python or --platform, only what these targets take of the locks is
observed; how much was left aside is told on stderr and in the file.

Exit codes:
  0  written, and it admits every file of the locks
  1  files are left out that no policy should admit: they fail, contradict the
     lock, or their exemption has ended; each is named on stderr, with what
     helps, and in the file, which is written where there is another to admit.
     Or something that a lock names was not judged (not with --allow-unjudged)
  2  usage: a lock cannot be read, --out or its pins exist, or --base does not
     load; or the configuration is wrong
  3  internal error
  4  the upstream could not answer for a file, which is named: nothing is
     written
  5  the trust root cannot be used, or is too old: nothing is written

${BUILDS}

${UNJUDGED}

${ENVIRONMENT}

Examples:
  portcullis policy init uv.lock --out acme.yaml
  portcullis policy init requirements.txt poetry.lock \\
    --owner platform@acme.example --expires 2027-03-31 --spread 30d \\
    --out acme.yaml
  portcullis policy init team/uv.lock --base acme.yaml --out team.yaml
  portcullis audit uv.lock --policy acme.yaml`

export function addPolicyInit(policy: Command, services: Services, conclude: Conclude): void {
  withInitOptions(withBuildOptions(withTargetOptions(withLockOptions(policy.command('init')))))
    .description(DESCRIPTION)
    .argument('<lockfile...>', 'lock files')
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await init(paths, command.optsWithGlobals<Options>(), services))
    })
}

async function init(paths: readonly string[], options: Options, services: Services): Promise<ExitCode> {
  const { out, force, trustRoot } = options
  const choice = createChoice(targetsOf(options))
  const read = choice.locks(readLocks(paths, services.environment))
  if (out !== undefined && force !== true && existsSync(out))
    throw new GateError('usage', `${out} exists: --force overwrites it`)
  const exempting = exemptionOptions(options, services)
  const base = await readBase(options, services)
  const { config } = await services.loadConfig({ ...options })
  const locks = ownLocks(read, config, options)
  const explain = await services.openExplain(config, { trustRoot, at: undefined, policy: observingPolicy() })
  try {
    const how = { choice, buildDeps: options.buildDeps !== false, prefer: base?.policy }
    const { survey: look, ...beside } = await lookAtLocks(locks, explain, services.output, how)
    writeConstraints(beside.builds.constraints, options)
    const hasOwnNames = Object.values(config.sources ?? {}).some(({ owns }) => owns.length > 0)
    return await offer(
      { locks, look, base, exempting, hasOwnNames, beside, targets: choice.targets },
      options,
      services,
    )
  } finally {
    await explain.close()
  }
}

interface Options extends InitOptions, TargetOptions, BuildOptions {}

interface Seen {
  readonly locks: readonly Lock[]
  readonly look: Survey
  readonly base: Base | undefined
  readonly exempting: ReturnType<typeof exemptionOptions>
  readonly hasOwnNames: boolean
  readonly beside: Beside
  readonly targets: Targets
}

/** The policy over what was seen, and what it does not cover; which of the two there is says the exit code. */
async function offer(seen: Seen, options: InitOptions, services: Services): Promise<ExitCode> {
  const { locks, look, base, beside, targets } = seen
  const screen = createScreen(services.output, 'err')
  const observed = observe(look)
  if (observed.unknown.length > 0) return tellUnknown(screen, observed.unknown)
  if (look.length === 0 && unjudgedIn(locks).every(({ kind }) => kind === 'empty'))
    throw new GateError('usage', 'the locks allow no file of an index')
  const files = base === undefined ? observed.files : await besideBase(base.policy, look, observed.files)
  const lacking = files.some(({ base: by }) => by !== 'admits')
  const { written, leftOut } = lacking
    ? await cover(look, { ...observed, files }, writerOf(seen, options, services))
    : { ...observed, written: undefined }
  if (written !== undefined) {
    hand(written.written, options, services)
    renderSummary(screen, summarise(locks, written.judged, written.policy))
  } else if (leftOut.length === 0)
    screen.line(
      files.length === 0
        ? 'The locks allow no file that is judged here: nothing is written.'
        : 'The base admits all of it: nothing is written.',
    )
  renderBuilds(screen, beside.builds)
  renderAside(screen, beside.aside, targets)
  tellLeftOut(screen, leftOut)
  const failures = failuresIn(locks, options)
  renderUnjudged(screen, findingsIn(locks))
  renderSkipped(screen, locks)
  tellFailures(screen, failures)
  if (written !== undefined) tellWritten(screen, written.written, options)
  return leftOut.length + failures.length > 0 ? 1 : 0
}

type Writer = Parameters<typeof cover<{ readonly written: WrittenPolicy; readonly policy: Policy }>>[2]

/** Writes what was observed, and reads it back as a gate would before anybody gets it. */
function writerOf(
  { locks, look, base, exempting, hasOwnNames, beside, targets }: Seen,
  options: InitOptions,
  services: Services,
): Writer {
  const about = { ...exempting, hasOwnNames, locks: locks.map(({ path }) => basename(path)), base }
  return async (files, leftOut) => {
    const remarks = [
      ...silentRemark(look),
      ...namedRemark(look),
      ...besideRemarks(beside, targets),
      ...leftOut.map(({ filename, why }) => `Not covered: ${filename}: ${why}`),
      ...findingsIn(locks).map(it => `Not covered: ${nameOfUnjudged(it)}: ${it.why}`),
    ]
    const written = writePolicy(files, { ...about, remarks })
    return { written, policy: await compiled(written, base, options, services) }
  }
}

/** Where no file is written, one is imagined in the working folder. */
function placeOf({ out }: InitOptions): string {
  return resolve(out ?? 'policy.yaml')
}

/** All or none. The pins first: a gate that runs on the policy never meets one without them. */
function hand({ text, pins }: WrittenPolicy, { out, force }: InitOptions, { output }: Services): void {
  if (out === undefined) {
    output.out(text)
    return
  }
  const over = force === true
  const files = [
    ...pins.map(it => ({ path: join(dirname(out), it.name), content: it.text })),
    { path: out, content: text },
  ]
  const there = files.find(({ path }) => !over && existsSync(path))
  if (there !== undefined) throw new GateError('usage', `${there.path} exists: --force overwrites it`)
  for (const { path, content } of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeWhole(path, content, { over })
  }
}

function tellWritten(screen: Screen, { pins }: WrittenPolicy, { out, base = [] }: InitOptions): void {
  if (out === undefined) return
  const beside = pins.map(({ name }) => join(dirname(out), name)).join(', ')
  const files = [...base, out].join(' ')
  screen.line(
    `${out} is written${beside === '' ? '' : `, with ${beside}`}: read it, then \`portcullis policy check ${files}\``,
  )
}

/** What the new policy will be read beside. */
interface Base {
  readonly files: readonly TextFile[]
  readonly policy: Policy
  /** names that are taken */
  readonly publishers: readonly string[]
}

async function readBase(options: InitOptions, services: Services): Promise<Base | undefined> {
  const { base: paths } = options
  if (paths === undefined) return undefined
  // a file that is written anew is no part of what it is written beside
  const files = readPolicyFiles(paths.map(path => resolve(path))).filter(({ path }) => path !== placeOf(options))
  if (files.length === 0) throw new GateError('usage', '--base names nothing but the file of --out')
  const loaded = loadPolicy(files, services.clock(), await services.openReadRoot(), readPinsFile)
  if ('policy' in loaded) return { files, policy: loaded.policy, publishers: loaded.contents.publishers }
  throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
}

async function compiled(
  { text, pins }: WrittenPolicy,
  base: Base | undefined,
  options: InitOptions,
  services: Services,
): Promise<Policy> {
  const path = placeOf(options)
  const texts = new Map(pins.map(({ name, text: content }) => [join(dirname(path), name), content]))
  const readPins: ReadPinsFile = file => texts.get(file) ?? readPinsFile(file)
  const files = [...(base?.files ?? []), { path, text }]
  const loaded = loadPolicy(files, services.clock(), await services.openReadRoot(), readPins)
  if ('policy' in loaded) return loaded.policy
  const told = loaded.diagnostics.map(formatDiagnostic).join('\n')
  if (base !== undefined) throw new GateError('policy-invalid', told)
  throw new GateError('unknown-bug', `the policy that was written does not compile: ${told}`)
}

/** Files that are named one by one. */
const MOST_NAMED = 20

function tellUnknown(screen: Screen, unknown: readonly UnknownFile[]): ExitCode {
  screen.line(
    styled('doubt', '?'),
    ` ${counted(unknown.length, 'file')} could not be determined, so nothing is written:`,
  )
  for (const [why, same] of Map.groupBy(unknown.slice(0, MOST_NAMED), ({ error }) => error.detail)) {
    for (const { filename } of same) screen.line('    ', filename)
    screen.prose(['  '], why)
  }
  if (unknown.length > MOST_NAMED) screen.line(`  and ${unknown.length - MOST_NAMED} more`)
  screen.line('Run it again: what is known by now is remembered.')
  const exits = unknown.map(({ error }) => errorEntry(error.code).exit)
  return exits.includes(5) ? 5 : exits.includes(4) ? 4 : 3
}

function silentRemark(observed: readonly Surveyed[]): readonly string[] {
  const silent = onSilentIndex(observed)
  if (silent === 0) return []
  return [
    `CAREFUL: the index speaks no PEP 740, so that ${silent} may be attested all the same: set upstream.integrity.`,
  ]
}

function namedRemark(observed: readonly Surveyed[]): readonly string[] {
  const named = onePerFile(observed).filter(
    ({ package: { files }, explanation: { file } }) => !files.some(({ sha256 }) => sha256 === file.sha256),
  )
  if (named.length === 0) return []
  return [
    `CAREFUL: of ${counted(named.length, 'file')} the locks have no sha256: what is exempted is pinned to what the index has now.`,
  ]
}

function besideRemarks({ builds, aside }: Beside, targets: Targets): readonly string[] {
  const built = textOfBuilds(builds)
  const left = textOfAside(aside, targets)
  return [...(built === undefined ? [] : [`${built}.`]), ...(left === undefined ? [] : [`Left aside: ${left}.`])]
}

function tellLeftOut(screen: Screen, leftOut: readonly LeftOut[]): void {
  for (const { filename, why, remedy } of leftOut) {
    screen.prose([styled('bad', '✗'), ' '], `${filename}: ${why}`)
    screen.prose(['  '], remedy)
  }
  if (leftOut.length === 0) return
  const left = styled('bad', `${counted(leftOut.length, 'file')} left out`)
  screen.line(left, ': no policy should admit what fails; look into each')
}
