import { resolve } from 'node:path'
import type { Command } from 'commander'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { readPolicyFiles } from '../gate/policy-files.ts'
import { type Diagnostic, formatDiagnostic } from '../protocol/diagnostic.ts'
import type { PolicyContents } from '../protocol/policy-compile.ts'
import type { ReadRoot } from '../protocol/policy-publisher.ts'
import { type LoadedPolicy, loadPolicy } from '../protocol/policy-yaml.ts'
import { jsonLine } from './explanation-json.ts'
import { formatOption } from './options.ts'
import { nearPath } from './render-explanation.ts'
import { createScreen, type Screen, type Style, styled } from './screen.ts'
import type { Conclude, Services } from './services.ts'

const DESCRIPTION = `Loads policy files as strictly as the gate does at its start and tells everything that is wrong with them, each at its place: file:line:column, the path of the key, what was expected. Several files, or a folder, are read as one policy. Without a file, the configured policy is checked.

Warnings do not fail: publishers that no rule uses, exemptions that have ended or end within 14 days, exemptions for projects without a rule.`

const MORE = `
Exit codes:
  0  the policy compiles; there may be warnings
  2  it does not: a gate would not start with it, and would keep its last good
     one on a reload. Also: a file cannot be read, or the configuration is wrong

Output of --format json, one object:
  {ok, files, digest, diagnostics: [{file, line, column, path, message}],
   warnings: [the same], publishers, rules,
   unmatched: "deny" | "apply-defaults",
   exemptions: [{id, project, owner, ends, ended}]}

Environment:
  PORTCULLIS_POLICY (which files, comma-separated), PORTCULLIS_CONFIG,
  NO_COLOR, FORCE_COLOR

Examples:
  portcullis policy check
  portcullis policy check policies/acme.yaml policies/exemptions.yaml
  portcullis policy check --format json policies/`

export function addPolicyCheck(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('check')
    .summary('load policy files strictly and tell everything that is wrong with them')
    .description(DESCRIPTION)
    .argument('[file...]', 'policy files or folders')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (files: readonly string[], _options, command: Command) => {
      const { format, config } = command.optsWithGlobals<{ format: 'text' | 'json'; config?: string }>()
      const paths = files.length > 0 ? files.map(file => resolve(file)) : services.loadConfig({ config }).config.policy
      const now = services.clock()
      const loaded = load(paths, now, await services.openReadRoot())
      if (format === 'json') services.output.out(jsonLine(toJson(loaded, paths, now)))
      else render(createScreen(services.output), loaded, now)
      conclude('policy' in loaded ? 0 : 2)
    })
}

function load(paths: readonly string[], now: Instant, readRoot: ReadRoot): LoadedPolicy {
  const files = readPolicyFiles(paths).map(({ path, text }) => ({ path: nearPath(path), text }))
  return loadPolicy(files, now, readRoot)
}

function toJson(loaded: LoadedPolicy, paths: readonly string[], now: Instant): Readonly<Record<string, unknown>> {
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
    warnings: contents.warnings,
    publishers: contents.publishers.length,
    rules: contents.rules.length,
    unmatched: contents.unmatched === undefined ? 'deny' : 'apply-defaults',
    exemptions: contents.exemptions.map(({ id, project, owner, ends }) => ({
      id,
      project,
      owner,
      ends: formatInstant(ends),
      ended: ends <= now,
    })),
  }
}

function render(screen: Screen, loaded: LoadedPolicy, now: Instant): void {
  if (!('policy' in loaded)) {
    const { diagnostics } = loaded
    for (const diagnostic of diagnostics) renderDiagnostic(screen, diagnostic, 'bad')
    const count = diagnostics.length === 1 ? 'one thing is wrong' : `${diagnostics.length} things are wrong`
    screen.line(styled('bad', '✗'), ` ${count}: no gate would start with this policy`)
    return
  }
  const { policy, contents } = loaded
  for (const warning of contents.warnings) renderDiagnostic(screen, warning, 'doubt')
  screen.line(styled('good', '✓'), ` ${policy.files.join(', ')}`)
  screen.line(`  ${'sha256'.padEnd(16)}  ${policy.digest}`)
  for (const [label, text] of summary(contents, now)) screen.line(`  ${label.padEnd(16)}  ${text}`)
}

function renderDiagnostic(screen: Screen, diagnostic: Diagnostic, style: Style): void {
  const place = `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}`
  screen.line(styled(style, place), formatDiagnostic(diagnostic).slice(place.length))
}

function summary(
  { publishers, rules, unmatched, exemptions }: PolicyContents,
  now: Instant,
): readonly (readonly [label: string, text: string])[] {
  const denying = rules.filter(({ deny }) => deny !== undefined).length
  const optional = rules.filter(({ attestation, deny }) => attestation === 'optional' && deny === undefined).length
  const ended = exemptions.filter(({ ends }) => ends <= now).length
  return [
    [
      'rules',
      counted(rules.length, [
        [optional, 'with optional attestation'],
        [denying, 'that deny'],
      ]),
    ],
    ['named publishers', counted(publishers.length, [])],
    ['exemptions', counted(exemptions.length, [[ended, 'ended']])],
    [
      'others',
      unmatched === undefined ? 'projects without a rule are denied' : 'projects without a rule get the defaults',
    ],
  ]
}

function counted(count: number, parts: readonly (readonly [count: number, what: string])[]): string {
  const told = parts.filter(([of]) => of > 0).map(([of, what]) => `${of} ${what}`)
  return told.length === 0 ? `${count}` : `${count} (${told.join(', ')})`
}
