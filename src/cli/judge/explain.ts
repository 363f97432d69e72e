import type { Command } from 'commander'
import { indexesOf } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { renewedRefusal } from '../../domain/decide/admit-with.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { type Contact, fillContact } from '../../domain/policy/contact.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Explain } from '../../gate/explain/explain.ts'
import type { Explanation, ShownExplanation } from '../../gate/explain/explanation.ts'
import { type Help, NO_HELP } from '../../protocol/answers/problem.ts'
import { parseTarget, type Target } from '../../protocol/api/target.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { readGivenPolicy } from '../command/given-policy.ts'
import { type JudgingOptions, withJudgingOptions } from '../command/options.ts'
import type { Conclude, OpenExplain, Services } from '../command/services.ts'
import { choosingOptions, verdictOptions } from '../command/told-options.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { type TargetOptions, targetsOf, withTargetOptions } from '../locks/targets-options.ts'
import { tellAside } from '../report/aside.ts'
import { explanationJson } from '../report/explanation-json.ts'
import { renderExplanation } from '../report/explanation-text.ts'
import { renderRelease, type ToldRelease } from '../report/release-summary.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'
import { createScreen } from '../terminal/screen.ts'
import { explainAfar } from './explain-afar.ts'
import { chooseOfRelease, takenHere } from './release-files.ts'

const DESCRIPTION = `Shows why the gate admits or refuses a file: every step with ✓ (passed), ✗ (failed) or – (not looked at), what was expected and what was found, the rule with its file and line, who signed as the certificate proves it, and the YAML that would admit the file.

A file name, a release or a file URL (PyPI's own, or the gate's: their paths are the same) is judged now, by the configured policy and upstream. A release is summed up: files of one outcome, rule and signer together; --all shows every step of every file. A project's name stands for its newest release. With --python or --platform, only files that these targets take are looked at, and how many were left aside is told; files that a client on this machine takes are marked. The id of a refusal, or the URL that pip or uv printed, shows the refusal as the gate on this machine recorded it.

With --gate the gate that runs elsewhere is asked, by its own policy and for what it remembers.`

const MORE = `
Exit codes:
  0  explained, whatever the verdict
  2  usage: not listed, no such refusal; or the configuration or the policy is
     wrong
  3  internal error
  4  the upstream could not answer
  5  the trust root cannot be used, or is too old

Output of --format json, one object a line and a file: the fields of verify and
  {source, index, remedy, steps: [{mark, check, expected, found}],
   admit_with, nothing_admits, passes: {version, filename},
   contact: {name, url}, publisher, signed: {at, log_index}, notes}

Environment:
  PORTCULLIS_… (every configuration key, such as PORTCULLIS_DATA),
  NO_COLOR, FORCE_COLOR, PORTCULLIS_DEBUG=1 (the stack of an error)

Examples:
  portcullis explain sampleproject-4.0.0.tar.gz
  portcullis explain sampleproject
  portcullis explain sampleproject==4.0.0 --all
  portcullis explain numpy --python 3.12 --platform linux_x86_64
  portcullis explain https://pypi.acme.example/x/3k9q0c7m2a1b
  portcullis explain demo-1.0.tar.gz --policy draft.yaml --format json
  portcullis explain demo --gate https://console.acme.example --gate-token FILE`

export function addExplainCommand(program: Command, services: Services, conclude: Conclude): void {
  withTargetOptions(
    withJudgingOptions(
      program
        .command('explain')
        .description(DESCRIPTION)
        .argument('<target>', 'a file name, name, name==version, a file URL, or the id or URL of a refusal')
        .option('--all', 'every step of every file of a release, not a summary of it'),
    ),
  )
    .addHelpText('after', MORE)
    .action(async (text: string, _options, command: Command) => {
      conclude(exitOfUnknown(await explain(parseTarget(text), command.optsWithGlobals<ExplainOptions>(), services)))
    })
}

interface ExplainOptions extends JudgingOptions, TargetOptions, GateOptions {
  readonly config?: string
  readonly all?: boolean
}

/** By the gate that is named, or on this machine. */
async function explain(
  target: Target,
  options: ExplainOptions,
  services: Services,
): Promise<readonly Pick<ShownExplanation, 'outcome'>[]> {
  const { policy, trustRoot, at } = options
  const named = gateNamed(options, services, { '--policy': policy, '--trust-root': trustRoot, '--at': at })
  if (named === undefined) return await explainHere(target, options, services)
  return await explainAfar(target, options, { named, services })
}

async function explainHere(
  target: Target,
  options: ExplainOptions,
  services: Services,
): Promise<readonly Explanation[]> {
  const { output } = services
  const screen = createScreen(output)
  const progress = createProgress(output)
  const explanations: Explanation[] = []
  const tell = (explanation: Explanation, help: Help, asked: string | undefined): void => {
    progress.clear()
    if (options.format === 'json') output.out(jsonLine(explanationJson(explanation, { help, index: asked })))
    else {
      if (explanations.length > 0) screen.line()
      renderExplanation(screen, explanation, { help, index: asked })
    }
    explanations.push(explanation)
  }
  const tellWhole = async (explanation: Explanation, opened: OpenExplain): Promise<void> =>
    tell(explanation, await helpFor(explanation, opened), opened.index)
  if (target.kind === 'refusal') {
    const { explanation, help, index: refusing } = await recorded(target.id, options, services)
    tell(explanation, help, refusing)
    return explanations
  }
  const { trustRoot, index, at, format, all } = options
  const targets = targetsOf(options)
  const named = targets.pythons.length + targets.platforms.length > 0
  if (named && target.kind !== 'release' && target.kind !== 'project')
    throw new GateError('usage', '--python and --platform choose among the files of a release: name one, or a project')
  const { config } = await services.loadConfig({ ...options })
  const opened = await services.openExplain(config, { trustRoot, index, at })
  try {
    await tellPolicy(opened.policy(), { config, format: options.format }, services)
    progress.show('asking the index')
    if (target.kind !== 'release' && target.kind !== 'project') await tellWhole(await one(opened, target), opened)
    else {
      const release = await releaseMeant(opened, target)
      const choice = chooseOfRelease(release, targets)
      const pending = await opened.release(release.project, release.version, choice.wanted)
      const summed = format === 'text' && all !== true
      for (const next of pending) {
        progress.show(
          `${drawBar(explanations.length, pending.length)} ${explanations.length} of ${pending.length} files judged`,
        )
        if (summed) explanations.push(await next)
        else await tellWhole(await next, opened)
      }
      progress.clear()
      if (summed) {
        const again = { verdict: verdictOptions(options), choosing: choosingOptions(options) }
        const told = { ...release, index: opened.index }
        renderRelease(output, told, explanations, takenHere(release, explanations), again)
      }
      tellAside(createScreen(output, format === 'text' ? 'out' : 'err'), choice.left(), targets)
    }
  } finally {
    progress.clear()
    await opened.close()
  }
  return explanations
}

async function helpFor({ outcome }: Explanation, opened: Explain): Promise<Help> {
  if (outcome instanceof GateError || outcome.kind === 'admitted') return NO_HELP
  return { contact: contactIn(opened.policy(), outcome, undefined), passes: await opened.passing(outcome) }
}

function contactIn(policy: Policy, { code, file }: Refused, refusal: string | undefined): Contact | undefined {
  const contact = policy.contactFor(file.project as ProjectName, file.source)
  return contact && fillContact(contact, { ...file, code, refusal })
}

async function one(
  opened: Explain,
  target: Exclude<Target, { kind: 'refusal' | 'release' | 'project' }>,
): Promise<Explanation> {
  return target.kind === 'filename' ? await opened.byName(target.filename) : await opened.byPath(target.path)
}

async function releaseMeant(
  opened: Explain,
  target: Extract<Target, { kind: 'release' | 'project' }>,
): Promise<ToldRelease> {
  if (target.kind === 'release') return { ...target, chosen: 'as named' }
  try {
    return { project: target.project, version: await opened.newest(target.project), chosen: 'the newest' }
  } catch (error) {
    const { hint } = target
    if (hint === undefined || !(error instanceof GateError) || error.code.startsWith('unknown-')) throw error
    throw new GateError(error.code, `${error.detail}; ${hint}`, { cause: error })
  }
}

/** A refusal as it was recorded: nothing is judged again. */
async function recorded(
  id: string,
  options: JudgingOptions,
  services: Services,
): Promise<{ readonly explanation: Explanation; readonly help: Help; readonly index: string }> {
  const { config } = await services.loadConfig({ ...options })
  const records = await services.openRecords(config)
  if (records === undefined)
    throw new GateError(
      'usage',
      `there is no database of a gate in ${config.data}; on another machine open <gate>/x/${id}, or run this where the gate runs (--config, PORTCULLIS_DATA)`,
    )
  try {
    const kept = await records.refusals.get(id)
    if (kept === undefined)
      throw new GateError('usage', `the gate with the data folder ${config.data} keeps no refusal ${id}`)
    const { at } = kept
    const policy = await policyAtHand(config.policy, services)
    const refused = renewedRefusal(kept.refused, services.clock(), policy?.exemptionMax)
    const contact = policy && contactIn(policy, refused, id)
    const notes = [`Recorded ${formatInstant(at)}, under the policy ${refused.policyDigest.slice(0, 12)}.`]
    const explanation = { file: refused.file, outcome: refused, steps: refused.steps, signed: undefined, notes }
    const index = refused.index ?? indexesOf(config)[0]?.name ?? 'main'
    return { explanation, help: { contact, passes: undefined }, index }
  } finally {
    await records.close()
  }
}

/** The configured policy, where it loads here: a refusal is told without it too. */
async function policyAtHand(paths: readonly string[], services: Services): Promise<Policy | undefined> {
  try {
    const loaded = await readGivenPolicy(paths, services)
    return 'policy' in loaded ? loaded.policy : undefined
  } catch (error) {
    if (error instanceof GateError) return undefined
    throw error
  }
}
