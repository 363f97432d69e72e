import type { Command } from 'commander'
import { GateError } from '../domain/errors.ts'
import { formatDiagnostic } from '../protocol/diagnostic.ts'
import type { TestOutcome } from '../protocol/policy-tests.ts'
import { jsonLine } from './explanation-json.ts'
import { readPolicy } from './load-policy.ts'
import { plural } from './lock-summary.ts'
import { formatOption } from './options.ts'
import { createScreen, type Screen, styled } from './screen.ts'
import type { Conclude, Services } from './services.ts'

const DESCRIPTION = `Runs the tests: of policy files: files as they might come, and what must become of them, decided as the gate decides. The gate runs them at every load, and does not load a policy whose tests fail.`

const MORE = `
A test in a policy:
  tests:
    - given: { file: demo-1.0.tar.gz, attested_by: acme }
      expect: admitted
    - given: { file: demo-1.0.tar.gz }
      expect: { refused: unattested }

given: file, attested_by (a publisher's name, or one written out), built_by,
uploaded, at, yanked, status, sha256, attested_before, first_signed_by.

Exit codes:
  0  every test passes; none is told
  1  a test fails
  2  the policy does not compile for another reason

Output of --format json, one object:
  {passed, failed, tests: [{place, file, expected, found, detail, passed}]}

Examples:
  portcullis policy test
  portcullis policy test policies/acme.yaml`

export function addPolicyTest(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('test')
    .summary('run the tests of a policy')
    .description(DESCRIPTION)
    .argument('[file...]', 'policy files or folders; default: the configured policy')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (files: readonly string[], _options, command: Command) => {
      const { format, config } = command.optsWithGlobals<{ format: 'text' | 'json'; config?: string }>()
      const paths = files.length > 0 ? files : services.loadConfig({ config }).config.policy
      const loaded = await readPolicy(paths, services)
      if (loaded.tests === undefined && 'diagnostics' in loaded)
        throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
      const tests = loaded.tests ?? []
      const failed = tests.filter(({ passed }) => !passed)
      if (format === 'json') services.output.out(jsonLine(toJson(tests, failed.length)))
      else render(createScreen(services.output), tests, failed)
      conclude(failed.length === 0 ? 0 : 1)
    })
}

function toJson(tests: readonly TestOutcome[], failed: number): object {
  return {
    passed: tests.length - failed,
    failed,
    tests: tests.map(({ place: { file, line, column }, ...test }) => ({ place: `${file}:${line}:${column}`, ...test })),
  }
}

function render(screen: Screen, tests: readonly TestOutcome[], failed: readonly TestOutcome[]): void {
  for (const { place, file, expected, found, detail, passed } of tests) {
    const at = styled('dim', `  ${place.file}:${place.line}:${place.column}`)
    if (passed) screen.line(styled('good', '✓'), ` ${file}: ${expected}`, at)
    else {
      screen.line(styled('bad', '✗'), ` ${file}: expected ${expected}, found ${found}`, at)
      screen.prose(['  '], detail)
    }
  }
  if (tests.length === 0) screen.line('the policy has no tests')
  else if (failed.length === 0) screen.line(styled('good', `${plural(tests.length, 'test')} passed`))
  else
    screen.line(styled('bad', `${failed.length} of ${plural(tests.length, 'test')} failed`), ': no gate would load it')
}
