import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { cover, type LeftOut, observe, observingPolicy } from '../../gate/explain/observe-locks.ts'
import { onePerFile, onSilentIndex, type Survey, type Surveyed } from '../../gate/explain/survey.ts'
import { parseEnd } from '../../protocol/clauses/time.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import { writePolicy } from '../../protocol/policy/write.ts'
import { formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { readLocks } from '../locks/lock-files.ts'
import { type LockOptions, ownLocks, UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { surveyLocks } from '../locks/survey-locks.ts'
import { renderSummary, summarise } from '../report/lock-summary.ts'
import { failuresIn, findingsIn, nameOfUnjudged, renderUnjudged, tellFailures, unjudgedIn } from '../report/unjudged.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

interface InitOptions extends LockOptions {
  readonly config?: string
  readonly trustRoot?: string
  readonly out?: string
  readonly force?: boolean
  readonly owner?: string
  readonly expires?: string
}

const DESCRIPTION = `Observes every file that lock files allow and writes the policy that admits exactly that: the publishers that signed, a rule for each project, and for what nobody signed an exemption that is pinned to its sha256 and ends.

Who signed is proved by certificates; whether they should have is for you to say, so read what comes out. Where a lock names publishers itself (pylock.toml, attestation-identities), what was observed must agree.`

const MORE = `
The policy goes to stdout, or to --out; a summary goes to stderr. What was
found is remembered, so that a run that could not determine everything goes on
where it was.

Exit codes:
  0  written, and it admits every file of the locks
  1  files are left out that no policy should admit: they fail, contradict the
     lock, or their exemption has ended; each is named on stderr, with what
     helps, and in the file, which is written where there is another to admit.
     Or something that a lock names was not judged (not with --allow-unjudged)
  2  usage: a lock cannot be read, or --out exists; or the configuration is
     wrong
  3  internal error
  4  the upstream could not answer for a file: nothing is written
  5  the trust root cannot be used, or is too old: nothing is written

${UNJUDGED}

${ENVIRONMENT}

Examples:
  portcullis policy init uv.lock --out acme.yaml
  portcullis policy init requirements.txt poetry.lock \\
    --owner platform@acme.example --expires 2027-03-31 --out acme.yaml
  portcullis audit uv.lock --policy acme.yaml`

const LIFE = 90 * 86_400_000

export function addPolicyInit(policy: Command, services: Services, conclude: Conclude): void {
  withLockOptions(policy.command('init'))
    .summary('observe what lock files allow and write the policy that admits it')
    .description(DESCRIPTION)
    .argument('<lockfile...>', 'lock files')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'overwrite the file of --out')
    .option('--owner <who>', 'who answers for the exemptions (default: you, or "unassigned")')
    .option('--expires <date>', 'when the exemptions end (default: in 90 days)', parseDate)
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root')
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await init(paths, command.optsWithGlobals<InitOptions>(), services))
    })
}

function parseDate(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || parseEnd(text) === undefined)
    throw new InvalidArgumentError('Not a date such as 2027-03-31.')
  return text
}

async function init(paths: readonly string[], options: InitOptions, services: Services): Promise<ExitCode> {
  const { out, force } = options
  const read = readLocks(paths, services.environment)
  if (out !== undefined && force !== true && existsSync(out))
    throw new GateError('usage', `${out} exists: --force overwrites it`)
  const { config } = services.loadConfig({ ...options })
  const locks = ownLocks(read, config, options)
  const { trustRoot } = options
  const explain = await services.openExplain(config, { trustRoot, at: undefined, policy: observingPolicy() })
  try {
    const look = await surveyLocks(locks, explain, services.output)
    return await offer({ locks, look }, options, services)
  } finally {
    await explain.close()
  }
}

interface Seen {
  readonly locks: readonly Lock[]
  readonly look: Survey
}

/** The policy over what was seen, and what it does not cover; which of the two there is says the exit code. */
async function offer(seen: Seen, options: InitOptions, services: Services): Promise<ExitCode> {
  const { locks, look } = seen
  const screen = createScreen(services.output, 'err')
  const observation = observe(look)
  const [unknown] = observation.unknown
  if (unknown !== undefined) return tellUnknown(screen, observation.unknown, unknown)
  if (look.length === 0 && unjudgedIn(locks).every(({ kind }) => kind === 'empty'))
    throw new GateError('usage', 'the locks allow no file of an index')
  const { written, leftOut } = await cover(look, observation, writerOf(seen, options, services))
  if (written !== undefined) {
    hand(written.text, options, services)
    renderSummary(screen, summarise(locks, written.judged, written.policy))
  } else if (leftOut.length === 0) screen.line('The locks allow no file that is judged here: nothing is written.')
  tellLeftOut(screen, leftOut)
  const failures = failuresIn(locks, options)
  renderUnjudged(screen, findingsIn(locks))
  tellFailures(screen, failures)
  if (written !== undefined && options.out !== undefined)
    screen.line(`${options.out} is written: read it, then \`portcullis policy check ${options.out}\``)
  return leftOut.length + failures.length > 0 ? 1 : 0
}

type Writer = Parameters<typeof cover<{ readonly text: string; readonly policy: Policy }>>[2]

/** Writes what was observed, and reads it back as a gate would before anybody gets it. */
function writerOf({ locks, look }: Seen, options: InitOptions, services: Services): Writer {
  const now = services.clock()
  const about = { ...writing(options, services, now), locks: locks.map(({ path }) => basename(path)) }
  return async (files, leftOut) => {
    const remarks = [
      ...silentRemark(look),
      ...namedRemark(look),
      ...leftOut.map(({ filename, why }) => `Not covered: ${filename}: ${why}`),
      ...findingsIn(locks).map(it => `Not covered: ${nameOfUnjudged(it)}: ${it.why}`),
    ]
    const text = writePolicy(files, { ...about, remarks })
    return { text, policy: await compiled(text, now, services) }
  }
}

function hand(text: string, { out, force }: InitOptions, { output }: Services): void {
  if (out === undefined) output.out(text)
  else writeWhole(out, text, { over: force === true })
}

function writing({ owner, expires }: InitOptions, { environment }: Services, now: Instant) {
  const inUse = environment['USER'] ?? environment['LOGNAME']
  return {
    at: now,
    owner: owner ?? inUse ?? 'unassigned',
    expires: expires ?? formatInstant(instant(now + LIFE)).slice(0, 10),
  }
}

async function compiled(text: string, now: Instant, services: Services): Promise<Policy> {
  const loaded = loadPolicy([{ path: 'policy.yaml', text }], now, await services.openReadRoot())
  if ('policy' in loaded) return loaded.policy
  const told = loaded.diagnostics.map(formatDiagnostic).join('; ')
  throw new GateError('unknown-bug', `the policy that was written does not compile: ${told}`)
}

function tellUnknown(screen: Screen, unknown: readonly GateError[], first: GateError): ExitCode {
  screen.prose(
    [styled('doubt', '?'), ' '],
    `${counted(unknown.length, 'file')} could not be determined, so nothing is written: ${first.detail}`,
  )
  screen.line('Run it again: what is known by now is remembered.')
  const exits = unknown.map(({ code }) => errorEntry(code).exit)
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

function tellLeftOut(screen: Screen, leftOut: readonly LeftOut[]): void {
  for (const { filename, why, remedy } of leftOut) {
    screen.prose([styled('bad', '✗'), ' '], `${filename}: ${why}`)
    screen.prose(['  '], remedy)
  }
  if (leftOut.length === 0) return
  const left = styled('bad', `${counted(leftOut.length, 'file')} left out`)
  screen.line(left, ': no policy should admit what fails; look into each')
}
