import type { Command } from 'commander'
import type { Config } from '../../config/schema.ts'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { createChoice } from '../../gate/explain/choice.ts'
import type { Explanation } from '../../gate/explain/explanation.ts'
import { onePerFile } from '../../gate/explain/survey.ts'
import { type PlannedFile, renderMirrorPlan } from '../../protocol/carry/mirror-plan.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { collect, ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, OpenExplain, Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { BUILDS, type BuildOptions, withBuildOptions, writeConstraints } from '../locks/build-options.ts'
import { readLocks } from '../locks/lock-files.ts'
import { lookAtLocks } from '../locks/look-at-locks.ts'
import { type LockOptions, ownLocks, UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { type TargetOptions, targetsOf, withTargetOptions } from '../locks/targets-options.ts'
import { renderAside } from '../report/aside.ts'
import { renderBuilds } from '../report/build-releases.ts'
import { labelOf, renderOthers, renderTally } from '../report/outcomes.ts'
import { failuresIn, findingsIn, renderSkipped, renderUnjudged, tellFailures } from '../report/unjudged.ts'
import { formatBytes } from '../terminal/bytes.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

interface PlanOptions extends TargetOptions, BuildOptions, LockOptions {
  readonly config?: string
  readonly out: string
  readonly policy?: readonly string[]
  readonly index?: string
}

const DESCRIPTION = `Writes down which files lock files allow, each once by its sha256, with its size and what the policy says of it now. The plan is what mirror fetch fetches. The same locks and the same answers always make the same plan.

Reads requirements.txt with hashes (-r and -c followed), uv.lock, poetry.lock, pdm.lock, Pipfile.lock and pylock.toml. With --python or --platform, wheels that fit none of them are left out, packages whose marker can hold on none of them too, and a source distribution stays only where some of them would have no wheel. What such a source distribution requires to be built is planned too.`

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

${BUILDS}

${UNJUDGED}

${ENVIRONMENT}

Examples:
  portcullis mirror plan uv.lock --out plan.json
  portcullis mirror plan requirements.txt poetry.lock --out plan.json \\
    --python 3.11 --python 3.12 --platform linux_x86_64`

export function addMirrorPlan(mirror: Command, services: Services, conclude: Conclude): void {
  withBuildOptions(
    withTargetOptions(withLockOptions(mirror.command('plan')))
      .description(DESCRIPTION)
      .argument('<lockfile...>', 'lock files')
      .requiredOption('--out <plan>', 'where the plan goes; what is there is replaced')
      .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect)
      .option('--index <name>', 'for clients of this index, where several are configured; default: the first'),
  )
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await plan(paths, command.optsWithGlobals<PlanOptions>(), services))
    })
}

async function plan(paths: readonly string[], options: PlanOptions, services: Services): Promise<ExitCode> {
  const choice = createChoice(targetsOf(options))
  const read = choice.locks(readLocks(paths, services.environment))
  const { config } = await services.loadConfig({ ...options })
  const locks = ownLocks(read, config, options)
  const explain = await services.openExplain(config, { trustRoot: undefined, at: undefined, index: options.index })
  try {
    await tellPolicy(explain.policy(), { config, format: 'text' }, services)
    const { output } = services
    const look = await lookAtLocks(locks, explain, output, { choice, buildDeps: options.buildDeps !== false })
    const explanations = onePerFile(look.survey).map(({ explanation }) => explanation)
    const files = explanations.flatMap(explanation => {
      const planned = plannedOf(explanation)
      return planned === undefined
        ? []
        : [{ ...planned, ...whose(explanation.file, planned, { explain, options, config }) }]
    })
    writeWhole(options.out, renderMirrorPlan({ locks: paths, targets: choice.targets, files, wanted: [] }), {
      over: true,
    })
    writeConstraints(look.builds.constraints, options)
    const screen = createScreen(output)
    tell(screen, explanations, options.out)
    renderBuilds(screen, look.builds)
    renderAside(screen, look.aside, choice.targets)
    const failures = failuresIn(locks, options)
    renderUnjudged(screen, findingsIn(locks))
    renderSkipped(screen, locks)
    tellFailures(screen, failures)
    return failures.length > 0 ? 1 : exitOf(explanations)
  } finally {
    await explain.close()
  }
}

interface Planning {
  readonly explain: Pick<OpenExplain, 'sourceOf'>
  readonly options: PlanOptions
  readonly config: Pick<Config, 'sources'>
}

/** Said where the configuration tells sources apart, and where an index was named. */
function whose(
  { source: its }: Explanation['file'],
  { project }: PlannedFile,
  { explain, options: { index }, config }: Planning,
): Pick<PlannedFile, 'source' | 'index'> {
  const source = config.sources === undefined ? undefined : (its ?? explain.sourceOf(project))
  return { ...(source === undefined ? {} : { source }), ...(index === undefined ? {} : { index }) }
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
