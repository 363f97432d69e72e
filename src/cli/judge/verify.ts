import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import type { Explain } from '../../gate/explain/explain.ts'
import type { Explanation } from '../../gate/explain/explanation.ts'
import { verdictJson } from '../../gate/explain/verdict-json.ts'
import { parseRelease, type ReleaseTarget } from '../../protocol/api/target.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { exitOfVerdicts } from '../command/exit-of.ts'
import { type JudgingOptions, withJudgingOptions } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { renderFacts, renderHeadline, renderReason, renderSteps } from '../report/explanation-text.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { readLocalFile, readProvenance } from './local-file.ts'
import { type SummaryOptions, summaryOf, verifySummary, withSummaryOptions } from './verify-summary.ts'

interface VerifyOptions extends JudgingOptions, SummaryOptions {
  readonly provenance?: string
}

const DESCRIPTION = `Judges one distribution on this machine, or every file of a release, as the gate would.

A local file is hashed and its name parsed. With --provenance and a trust root from a file (--trust-root, or trust.root in the configuration) nothing is asked of any network. What only the index knows (whether it lists the file with this sha256, yanked it, or quarantined the project) is then marked – as not checked. Without --provenance the configured upstream is asked for the file's entry and for its provenance.

name==version judges every file that the upstream lists for that version. Nothing is downloaded.

With --vsa and --vsa-key the file is held against a verification summary that a gate signed (docs/how-to/vsa.md): no policy, no configuration and no network are needed, and anything altered is refused.`

const MORE = `
Exit codes:
  0  admitted; of a release: every file
  1  refused; of a release: any file, also when another one could not be
     judged, because a refusal is known and asking again does not change it;
     with --vsa: anything altered
  2  usage: no such file, not a wheel or sdist, not listed; or the
     configuration or the policy is wrong
  3  internal error
  4  the upstream could not answer
  5  the trust root cannot be used, or is too old

Output of --format json, one object a line and a file, absent values null:
  {filename, project, version, sha256,
   outcome: "admitted" | "refused" | "unknown", code, rule,
   identity: {issuer, san, repository, workflow, ref}, detail}

Environment:
  PORTCULLIS_… (every configuration key, such as PORTCULLIS_UPSTREAM_INDEX),
  NO_COLOR, FORCE_COLOR, PORTCULLIS_DEBUG=1 (the stack of an error)

Examples:
  portcullis verify dist/demo-1.0-py3-none-any.whl
  portcullis verify demo-1.0.tar.gz --provenance demo.provenance \\
    --trust-root trusted_root.json --policy policies/acme.yaml
  portcullis verify sampleproject==4.0.0 --format json
  portcullis verify demo-1.0.tar.gz --vsa demo.vsa --vsa-key gate.pub.pem`

export function addVerifyCommand(program: Command, services: Services, conclude: Conclude): void {
  const verifying = withJudgingOptions(
    program
      .command('verify')
      .description(DESCRIPTION)
      .argument('<file | name==version>', 'path of a wheel or source distribution, or a release')
      .option('--provenance <file>', 'the PEP 740 provenance document of the file, instead of asking the upstream'),
  )
  withSummaryOptions(verifying)
    .addHelpText('after', MORE)
    .action(async (target: string, _options, command: Command) => {
      const options = command.optsWithGlobals<VerifyOptions>()
      const summary = summaryOf(options)
      if (summary !== undefined) conclude(verifySummary(target, summary, { services, format: options.format }))
      else conclude(exitOfVerdicts(await verify(target, options, services)))
    })
}

async function verify(target: string, options: VerifyOptions, services: Services): Promise<readonly Explanation[]> {
  const { provenance: path, trustRoot, index, at, format } = options
  const release = existsSync(target) ? undefined : parseRelease(target)
  if (release !== undefined && path !== undefined)
    throw new GateError('usage', '--provenance belongs to one file: a release has a document for each of its files')
  // what is on this machine is read before anything else is looked for
  const file = release ?? readLocalFile(target)
  const provenance = path === undefined ? undefined : readProvenance(path)
  const { config } = await services.loadConfig({ ...options })
  const explain = await services.openExplain(config, { trustRoot, index, at, learns: provenance && 'nothing' })
  const screen = createScreen(services.output)
  try {
    await tellPolicy(explain.policy(), { config, format: options.format }, services)
    if ('kind' in file) return await verifyRelease(file, explain, services, format)
    const explanation = await explain.local(file, provenance)
    if (format === 'json') services.output.out(jsonLine(verdictJson(explanation)))
    else renderOne(screen, explanation)
    return [explanation]
  } finally {
    await explain.close()
  }
}

async function verifyRelease(
  { project, version }: ReleaseTarget,
  explain: Explain,
  { output }: Services,
  format: JudgingOptions['format'],
): Promise<readonly Explanation[]> {
  const progress = createProgress(output)
  const screen = createScreen(output)
  progress.show(`asking the index for ${project} ${version}`)
  const explanations: Explanation[] = []
  try {
    const pending = await explain.release(project, version)
    for (const next of pending) {
      progress.show(
        `${drawBar(explanations.length, pending.length)} ${explanations.length} of ${pending.length} files judged`,
      )
      const explanation = await next
      progress.clear()
      if (format === 'json') output.out(jsonLine(verdictJson(explanation)))
      else renderListed(screen, explanation)
      explanations.push(explanation)
    }
  } finally {
    progress.clear()
  }
  if (format === 'text') renderSum(screen, explanations, `${project}==${version}`)
  return explanations
}

function renderOne(screen: Screen, explanation: Explanation): void {
  renderHeadline(screen, explanation)
  renderFacts(screen, explanation)
  renderReason(screen, explanation)
  const telling = explanation.steps.filter(({ mark }) => mark !== 'pass')
  if (telling.length > 0) screen.line()
  renderSteps(screen, explanation, telling)
}

function renderListed(screen: Screen, explanation: Explanation): void {
  const { outcome } = explanation
  renderHeadline(screen, explanation)
  if (outcome instanceof GateError || outcome.kind === 'refused') screen.prose(['  '], outcome.detail)
}

function renderSum(screen: Screen, explanations: readonly Explanation[], release: string): void {
  const count = (kind: string) =>
    explanations.filter(({ outcome }) => (outcome instanceof GateError ? 'unknown' : outcome.kind) === kind).length
  const [admitted, refused, unknown] = [count('admitted'), count('refused'), count('unknown')]
  screen.line()
  screen.line(
    styled('strong', release),
    `: ${admitted} of ${explanations.length} admitted`,
    ...(refused > 0 ? [', ', styled('bad', `${refused} refused`)] : []),
    ...(unknown > 0 ? [', ', styled('doubt', `${unknown} cannot be determined`)] : []),
  )
  if (admitted < explanations.length) screen.line(`portcullis explain ${release} shows every step.`)
}
