import type { Command } from 'commander'
import type { LoadedPolicy } from '../../protocol/policy/policy-yaml.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { type Diagnostic, formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import { configAtHand, readGivenPolicy } from '../command/given-policy.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { namePolicy } from '../command/told-policy.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

interface TestOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Runs the tests: of a policy. Each imagines a file and who signed it, is decided as the gate would decide it, and says whether what it expects came out. A gate runs them at every load, and does not take a policy with one that fails.

Several files, or a folder, are read as one policy. Without a file, the configured policy is tested.`

const MORE = `
Exit codes:
  0  every test passes; also: there is none
  1  a test fails
  2  the policy is wrong otherwise, or a file cannot be read

Output of --format json, one object:
  {ok, files, digest, tests: [{file, line, column, path, subject, expected,
   found, detail, passed}], diagnostics: [{file, line, column, path, message}]}
digest is null where the policy does not load.

${ENVIRONMENT}

Examples:
  portcullis policy test
  portcullis policy test policies/ --format json`

export function addPolicyTest(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('test')
    .description(DESCRIPTION)
    .argument('[file...]', 'policy files or folders')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (files: readonly string[], _options, command: Command) => {
      conclude(await test(files, command.optsWithGlobals<TestOptions>(), services))
    })
}

async function test(files: readonly string[], { format, config }: TestOptions, services: Services): Promise<ExitCode> {
  const known = await configAtHand(config, files, services)
  const paths = files.length > 0 || known === undefined ? files : known.policy
  const loaded = await readGivenPolicy(paths, services, { config: known })
  if ('policy' in loaded && format === 'text') namePolicy(loaded.policy, services)
  if (format === 'json') services.output.out(jsonLine(toJson(loaded, paths)))
  else render(createScreen(services.output), loaded)
  return exitOf(loaded)
}

/** Without tests, something else is wrong with it. */
function exitOf({ tests, ...loaded }: LoadedPolicy): ExitCode {
  if ('policy' in loaded) return 0
  return tests === undefined ? 2 : 1
}

function wrongWith(loaded: LoadedPolicy): readonly Diagnostic[] {
  return 'policy' in loaded || loaded.tests !== undefined ? [] : loaded.diagnostics
}

function toJson(loaded: LoadedPolicy, paths: readonly string[]): Readonly<Record<string, unknown>> {
  const policy = 'policy' in loaded ? loaded.policy : undefined
  return {
    ok: policy !== undefined,
    files: policy?.files ?? paths,
    digest: policy?.digest ?? null,
    tests: (loaded.tests ?? []).map(({ place, file: subject, expected, found, detail, passed }) => {
      const { file, line, column, path } = place
      return { file, line, column, path, subject, expected, found, detail, passed }
    }),
    diagnostics: wrongWith(loaded),
  }
}

function render(screen: Screen, loaded: LoadedPolicy): void {
  const { tests } = loaded
  if (tests === undefined) {
    for (const diagnostic of wrongWith(loaded)) screen.line(formatDiagnostic(diagnostic))
    screen.line(styled('bad', '✗'), ' the policy is wrong, so that no test of it could run')
    return
  }
  for (const { place, file, expected, found, detail, passed } of tests) {
    const at = styled('dim', `  ${place.file}:${place.line}`)
    if (passed) screen.line(styled('good', '✓'), ` ${file}: ${expected}`, at)
    else {
      screen.line(styled('bad', '✗'), ` ${file}: expected ${expected}, found ${found}`, at)
      screen.prose(['    '], detail)
    }
  }
  const failed = tests.filter(({ passed }) => !passed).length
  if (tests.length === 0) screen.line('The policy has no tests: a list under tests: says what must come out.')
  else if (failed === 0) screen.line(`${counted(tests.length, 'test')}, all pass`)
  else screen.line(`${counted(tests.length, 'test')}, `, styled('bad', `${failed} failed`))
}
