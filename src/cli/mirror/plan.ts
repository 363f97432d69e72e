import type { Command } from 'commander'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { mayHold } from '../../domain/packaging/marker.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { eachTarget, pickForTargets, type Targets } from '../../domain/packaging/targets.ts'
import type { Explanation } from '../../gate/explain/explanation.ts'
import { fileKey, type Surveyed } from '../../gate/explain/survey.ts'
import { type PlannedFile, renderMirrorPlan } from '../../protocol/carry/mirror-plan.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { collect, ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { readLocks } from '../locks/lock-files.ts'
import { type LockOptions, ownLocks, UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { surveyLocks } from '../locks/survey-locks.ts'
import { labelOf, renderOthers, renderTally } from '../report/outcomes.ts'
import { failuresIn, findingsIn, renderNames, renderSkipped, renderUnjudged, tellFailures } from '../report/unjudged.ts'
import { formatBytes } from '../terminal/bytes.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'
import { type TargetOptions, withTargetOptions } from './targets-options.ts'

interface PlanOptions extends TargetOptions, LockOptions {
  readonly config?: string
  readonly out: string
  readonly policy?: readonly string[]
}

const DESCRIPTION = `Writes down which files lock files allow, each once by its sha256, with its size and what the policy says of it now. The plan is what mirror fetch fetches. The same locks and the same answers always make the same plan.

Reads requirements.txt with hashes (-r and -c followed), uv.lock, poetry.lock, pdm.lock, Pipfile.lock and pylock.toml. With --python or --platform, wheels that fit none of them are left out, packages whose marker can hold on none of them too, and a source distribution stays only where some of them would have no wheel.`

const MORE = `
What the policy says is a preview: mirror fetch asks again, file by file.

Exit codes:
  0  written, and every file is admitted
  1  written, and a file is refused, or the index does not list it as the
     lock has it (then it is left out of the plan), or something that the lock
     names was not judged, and nobody can plan it (not with --allow-unjudged)
  2  usage: a lock cannot be read; or the configuration or policy is wrong
  3  internal error
  4  the upstream could not answer for a file
  5  the trust root cannot be used, or is too old

${UNJUDGED}

${ENVIRONMENT}

Examples:
  portcullis mirror plan uv.lock --out plan.json
  portcullis mirror plan requirements.txt poetry.lock --out plan.json \\
    --python 3.11 --python 3.12 --platform linux_x86_64`

export function addMirrorPlan(mirror: Command, services: Services, conclude: Conclude): void {
  withTargetOptions(
    withLockOptions(mirror.command('plan'))
      .summary('write down which files lock files allow')
      .description(DESCRIPTION)
      .argument('<lockfile...>', 'lock files')
      .requiredOption('--out <plan>', 'where the plan goes; what is there is replaced')
      .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect),
  )
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await plan(paths, command.optsWithGlobals<PlanOptions>(), services))
    })
}

async function plan(paths: readonly string[], options: PlanOptions, services: Services): Promise<ExitCode> {
  const targets: Targets = { pythons: options.python ?? [], platforms: options.platform ?? [] }
  const all = readLocks(paths, services.environment)
  const read = all.map(lock => withoutForeign(lock, targets))
  const { config } = services.loadConfig({ ...options })
  const locks = ownLocks(read, config, options)
  const explain = await services.openExplain(config, { trustRoot: undefined, at: undefined })
  try {
    await tellPolicy(explain.policy(), { config, format: 'text' }, services)
    const surveyed = await surveyLocks(locks, explain, services.output)
    const explanations = pick(surveyed, targets)
    const files = explanations.flatMap(explanation => plannedOf(explanation) ?? [])
    writeWhole(options.out, renderMirrorPlan({ locks: paths, targets, files, wanted: [] }), { over: true })
    const screen = createScreen(services.output)
    tell(screen, explanations, options.out)
    const failures = failuresIn(locks, options)
    renderUnjudged(screen, findingsIn(locks))
    renderSkipped(screen, locks)
    tellForeign(screen, all, read)
    tellFailures(screen, failures)
    return failures.length > 0 ? 1 : exitOf(explanations)
  } finally {
    await explain.close()
  }
}

/** Without packages whose marker can hold on none of the targets. */
function withoutForeign(lock: Lock, targets: Targets): Lock {
  const wanted = eachTarget(targets)
  return {
    ...lock,
    packages: lock.packages.filter(
      ({ marker }) =>
        marker === undefined ||
        wanted.some(({ pythons: [python], platforms: [platform] }) => mayHold(marker, { python, platform })),
    ),
  }
}

/** What no target has any use for is left out, and named. */
function tellForeign(screen: Screen, all: readonly Lock[], left: readonly Lock[]): void {
  const kept = new Set(left.flatMap(({ packages }) => packages))
  const foreign = all.flatMap(({ packages }) => packages.filter(locked => !kept.has(locked)))
  const names = [...new Set(foreign.map(({ project, version }) => `${project} ${version}`))]
  if (names.length > 0) renderNames(screen, 'left out, by its marker for none of the targets', names)
}

/** Each file once, whatever locks name it; of a release only what the targets need. */
function pick(surveyed: readonly Surveyed[], targets: Targets): readonly Explanation[] {
  const picked = new Map<string, Explanation>()
  const releases = Map.groupBy(surveyed, it => `${it.package.project} ${it.package.version}`)
  for (const files of releases.values()) {
    const named = files.flatMap(({ explanation, package: { project } }) => {
      const filename = parseDistFilename(explanation.file.filename, project)
      return filename === undefined ? [] : [{ filename, explanation }]
    })
    // what has no name that says anything is not for anybody to leave out
    const nameless = files.filter(({ explanation }) => named.every(it => it.explanation !== explanation))
    for (const { explanation } of [...pickForTargets(named, targets), ...nameless])
      picked.set(fileKey(explanation.file), explanation)
  }
  return [...picked.values()]
}

/** `undefined` of what the index does not list: nobody could fetch it. */
function plannedOf({ file, outcome, size }: Explanation): PlannedFile | undefined {
  const project = tryProjectName(file.project)
  const sha256 = parseSha256(file.sha256 ?? '')
  const dist = project === undefined ? undefined : parseDistFilename(file.filename, project)
  const unlisted = outcome instanceof GateError && outcome.code === 'not-listed'
  if (project === undefined || sha256 === undefined || dist === undefined || unlisted) return undefined
  return {
    project,
    version: dist.version,
    filename: file.filename,
    sha256,
    size,
    outcome: outcome instanceof GateError ? 'unknown' : outcome.kind,
    code: outcome instanceof GateError || outcome.kind === 'refused' ? outcome.code : undefined,
  }
}

function exitOf(explanations: readonly Explanation[]): ExitCode {
  const refused = explanations.some(({ outcome }) =>
    outcome instanceof GateError ? outcome.code === 'not-listed' : outcome.kind === 'refused',
  )
  return refused ? 1 : exitOfUnknown(explanations)
}

function tell(screen: Screen, explanations: readonly Explanation[], out: string): void {
  const planned = explanations.filter(explanation => plannedOf(explanation) !== undefined)
  const bytes = planned.reduce((sum, { size }) => sum + (size ?? 0), 0)
  renderOthers(screen, explanations)
  screen.line(styled('strong', `${counted(planned.length, 'file')}, ${formatBytes(bytes)}`), ` planned in ${out}`)
  renderTally(screen, explanations.map(labelOf))
}
