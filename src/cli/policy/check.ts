import type { Command } from 'commander'
import type { Config } from '../../config/schema.ts'
import { namedSources } from '../../config/sources.ts'
import { formatDuration } from '../../config/units.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { lintSeen } from '../../protocol/policy/lint.ts'
import type { LoadedPolicy } from '../../protocol/policy/policy-yaml.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { type Diagnostic, formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import { askRecordsIfAny } from '../command/gate-records.ts'
import { configAtHand, type GoodPolicy, readGivenPolicy } from '../command/given-policy.ts'
import { formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { tellOtherPolicy } from '../command/told-policy.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen, type Screen, type Style, styled } from '../terminal/screen.ts'
import { contentsJson, renderContents } from './check-contents.ts'

interface CheckOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Loads policy files as strictly as the gate does at its start and tells everything that is wrong with them, each at its place: file:line:column, the path of the key, what was expected. Several files, or a folder, are read as one policy, with the pins files that they name; what stands in which is told. Without a file, the configured policy is checked.

Warnings do not fail: publishers that no rule uses, exemptions that have ended or end soon (limits.exemption_warn, 14 days), what a rule says without effect. Where the configured data folder holds the database of a gate, the policy is also held against the projects that the gate was asked for: globs that match none, or none that a more exact rule leaves to them, and names that look like one that a rule names.`

const MORE = `
Exit codes:
  0  the policy compiles; there may be warnings
  2  it does not: a gate would not start with it, and would keep its last good
     one on a reload. Also: a file cannot be read, or the configuration is wrong

Output of --format json, one object:
  {ok, files, digest, diagnostics: [{file, line, column, path, message}],
   warnings: [the same], mode: "enforce" | "audit", publishers, rules,
   unmatched: "deny" | "apply-defaults",
   exemptions: [{id, project, pins, owner, ends, ended}], exemption_max,
   revocations, tests,
   contents: [{file, defaults, publishers, rules, exemptions, revocations,
   tests} or {file, exemptions: [id], projects, releases, pins}], seen}
contents says what stands in which file, pins files included. pins of an
exemption is its pins file or null, and project is null where there is one.
seen is the number of projects that the gate was asked for, null without one.

Environment:
  PORTCULLIS_POLICY (which files, comma-separated), PORTCULLIS_DATA (the gate's
  database), PORTCULLIS_CONFIG, NO_COLOR, FORCE_COLOR

Examples:
  portcullis policy check
  portcullis policy check policies/acme.yaml policies/exemptions.yaml
  portcullis policy check --format json policies/`

export function addPolicyCheck(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('check')
    .description(DESCRIPTION)
    .argument('[file...]', 'policy files or folders')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (files: readonly string[], _options, command: Command) => {
      conclude(await check(files, command.optsWithGlobals<CheckOptions>(), services))
    })
}

async function check(
  files: readonly string[],
  { format, config }: CheckOptions,
  services: Services,
): Promise<ExitCode> {
  const known = await configAtHand(config, files, services)
  const paths = files.length > 0 || known === undefined ? files : known.policy
  const loaded = await readGivenPolicy(paths, services, { config: known, gate: known })
  const seen = 'policy' in loaded ? await namesSeen(loaded, config, services) : undefined
  const warnings = 'policy' in loaded ? [...loaded.contents.warnings, ...lint(loaded, seen)] : []
  const checked = { loaded, seen, warnings, now: services.clock() }
  if ('policy' in loaded && known !== undefined) tellUnknownSources(loaded, known, services)
  if (format === 'json') services.output.out(jsonLine(toJson(checked, paths)))
  else render(createScreen(services.output), checked)
  return 'policy' in loaded ? 0 : 2
}

/** A policy may be looked at where no gate is configured; but one with the configuration that is here would not start with it. */
function tellUnknownSources({ policy }: GoodPolicy, config: Config, { output }: Services): void {
  if (namedSources(config) !== undefined || policy.sources.length === 0) return
  const names = policy.sources.join(', ')
  createScreen(output, 'err').line(
    styled('doubt', 'note'),
    `: the policy names the sources ${names}, and the configuration here names none: a gate with both does not start`,
  )
}

/** A policy, and how it looks beside what a gate was asked for. */
interface Checked {
  readonly loaded: LoadedPolicy
  readonly seen: readonly ProjectName[] | undefined
  readonly warnings: readonly Diagnostic[]
  readonly now: Instant
}

/** Only adds to the answer: a policy is checked where no gate is, too. */
async function namesSeen(
  { policy }: GoodPolicy,
  file: string | undefined,
  services: Services,
): Promise<readonly ProjectName[] | undefined> {
  try {
    const { config } = await services.loadConfig({ config: file })
    await tellOtherPolicy(policy, config, services)
    return await askRecordsIfAny(config, services, async records => await records?.projects())
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const why = error.detail.split('\n')[0] ?? ''
    createScreen(services.output, 'err').line(`Not held against what the gate was asked for: ${why}`)
    return undefined
  }
}

function lint({ contents, policy }: GoodPolicy, seen: Checked['seen']): readonly Diagnostic[] {
  return seen === undefined ? [] : lintSeen(contents, policy, seen)
}

function toJson({ loaded, seen, warnings, now }: Checked, paths: readonly string[]): Readonly<Record<string, unknown>> {
  if (!('policy' in loaded)) {
    const { diagnostics } = loaded
    return { ok: false, files: paths.map(nearPath), digest: null, diagnostics, warnings: [] }
  }
  const { policy, contents } = loaded
  return {
    ok: true,
    files: policy.files,
    digest: policy.digest,
    diagnostics: [],
    warnings,
    mode: contents.mode,
    publishers: contents.publishers.length,
    rules: contents.rules.length,
    unmatched: contents.unmatched === undefined ? 'deny' : 'apply-defaults',
    exemptions: contents.exemptions.map(({ id, pins, pinsFile, owner, ends }) => ({
      id,
      project: pinsFile === undefined ? ([...pins.keys()][0] ?? null) : null,
      pins: pinsFile ?? null,
      owner,
      ends: formatInstant(ends),
      ended: ends <= now,
    })),
    exemption_max: contents.limits.exemptionMax === undefined ? null : formatDuration(contents.limits.exemptionMax),
    revocations: contents.revocations.length,
    tests: loaded.tests.length,
    contents: contentsJson(loaded),
    seen: seen?.length ?? null,
  }
}

function render(screen: Screen, { loaded, seen, warnings, now }: Checked): void {
  if (!('policy' in loaded)) {
    const { diagnostics } = loaded
    for (const diagnostic of diagnostics) renderDiagnostic(screen, diagnostic, 'bad')
    const count = diagnostics.length === 1 ? 'one thing is wrong' : `${diagnostics.length} things are wrong`
    screen.line(styled('bad', '✗'), ` ${count}: no gate would start with this policy`)
    return
  }
  const { policy } = loaded
  for (const warning of warnings) renderDiagnostic(screen, warning, 'doubt')
  screen.line(styled('good', '✓'), ` ${policy.files.join(', ')}`)
  screen.line(`  ${'sha256'.padEnd(16)}  ${policy.digest}`)
  for (const [label, text] of summary(loaded, seen, now)) screen.line(`  ${label.padEnd(16)}  ${text}`)
  renderContents(screen, loaded)
}

function renderDiagnostic(screen: Screen, diagnostic: Diagnostic, style: Style): void {
  const place = `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}`
  screen.line(styled(style, place), formatDiagnostic(diagnostic).slice(place.length))
}

function summary(
  { contents, tests }: GoodPolicy,
  seen: Checked['seen'],
  now: Instant,
): readonly (readonly [label: string, text: string])[] {
  const { mode, publishers, rules, unmatched, exemptions, limits, revocations } = contents
  const denying = rules.filter(({ deny }) => deny !== undefined).length
  const optional = rules.filter(({ attestation, deny }) => attestation === 'optional' && deny === undefined).length
  const ended = exemptions.filter(({ ends }) => ends <= now).length
  return [
    ['mode', mode === 'audit' ? 'audit: what is not hard is told, and admitted' : mode],
    [
      'rules',
      withParts(rules.length, [
        [optional, 'with optional attestation'],
        [denying, 'that deny'],
      ]),
    ],
    ['named publishers', withParts(publishers.length, [])],
    ['exemptions', withParts(exemptions.length, [[ended, 'ended']])],
    ['longest life', limits.exemptionMax === undefined ? UNBOUNDED : formatDuration(limits.exemptionMax)],
    ['revocations', withParts(revocations.length, [])],
    ['tests', tests.length === 0 ? 'none' : `${tests.length}, all pass`],
    [
      'others',
      unmatched === undefined ? 'projects without a rule are denied' : 'projects without a rule get the defaults',
    ],
    ...(seen === undefined ? [] : [['held against', `${seen.length} projects that the gate was asked for`] as const]),
  ]
}

/** Whoever approves may choose any end. */
const UNBOUNDED = 'no bound, for approvals neither: say limits.exemption_max'

function withParts(count: number, parts: readonly (readonly [count: number, what: string])[]): string {
  const told = parts.filter(([of]) => of > 0).map(([of, what]) => `${of} ${what}`)
  return told.length === 0 ? `${count}` : `${count} (${told.join(', ')})`
}
