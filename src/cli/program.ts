import { Command } from 'commander'
import { reportError } from './command/report-error.ts'
import type { Conclude, ExitCode, Services } from './command/services.ts'
import { addAuditCommand } from './judge/audit.ts'
import { addExplainCommand } from './judge/explain.ts'
import { addVerifyCommand } from './judge/verify.ts'
import { addLockCommand } from './lock/lock.ts'
import { addCompletionCommand } from './manual/completion.ts'
import { addMirrorCommand } from './mirror/mirror.ts'
import { addConfigCommand } from './operate/config.ts'
import { addServeCommand, type ServeServices } from './operate/serve.ts'
import { addTrustCommand } from './operate/trust.ts'
import { addExemptionsCommand } from './policy/exemptions.ts'
import { addHistoryForget } from './policy/history-forget.ts'
import { addHistoryCommand } from './policy/history-show.ts'
import { addPolicyCommand } from './policy/policy.ts'
import { addRevocationsCommand } from './policy/revocations.ts'
import { inertLines } from './terminal/screen.ts'

export type ProgramServices = Services & ServeServices

const DESCRIPTION = `Portcullis is a mirror of PyPI that fails closed: it verifies the PEP 740 attestations of a file before a byte of it leaves, and refuses with a reason what the policy does not admit.`

const MORE = `
Configuration: defaults, then --config FILE (else PORTCULLIS_CONFIG, else
./portcullis.yaml if it is there), then PORTCULLIS_… variables, then flags.
portcullis config show --origin tells what holds, and why.

Exit codes:
  0  done; for verify: admitted
  1  refused
  2  usage, configuration or policy
  3  internal error
  4  the upstream could not answer
  5  the trust root cannot be used

Results go to stdout, progress and diagnostics to stderr.`

/**
 * Runs one command and returns the exit code of the process. `serve` returns while the gate goes on: set
 * `process.exitCode` and let the process end by itself. Never throws.
 */
export async function run(argv: readonly string[], services: ProgramServices): Promise<ExitCode> {
  let exit: ExitCode = 0
  try {
    await createProgram(services, code => {
      exit = code
    }).parseAsync(argv, { from: 'user' })
    return exit
  } catch (error) {
    return reportError(error, services)
  }
}

/** The commands, before one of them runs: what they say of themselves needs no more of the services than an output. */
export function createProgram(services: ProgramServices, conclude: Conclude): Command {
  const { output, version } = services
  const program = new Command('portcullis')
    .exitOverride()
    .configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      outputError: (text, write) => write(inertLines(text)),
      getOutHasColors: () => output.colour.out,
      getErrHasColors: () => output.colour.err,
      getOutHelpWidth: () => output.columns ?? 80,
      getErrHelpWidth: () => output.columns ?? 80,
    })
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: termOf,
      styleTitle: title => `\u001b[1m${title}\u001b[22m`,
    })
    .description(DESCRIPTION)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--config <file>', 'the configuration file (portcullis.yaml)')
    .addHelpText('after', MORE)
    .showHelpAfterError('See portcullis --help, or portcullis <command> --help.')
  for (const add of [
    addServeCommand,
    addVerifyCommand,
    addExplainCommand,
    addAuditCommand,
    addLockCommand,
    addPolicyCommand,
    addExemptionsCommand,
    addHistoryCommand,
    addHistoryForget,
    addRevocationsCommand,
    addMirrorCommand,
    addTrustCommand,
    addConfigCommand,
    addCompletionCommand,
  ])
    add(program, services, conclude)
  return program
}

/** A group of one is shown as what one types: `policy check`. */
function termOf(command: Command): string {
  const [only, ...others] = command.commands
  return only === undefined || others.length > 0 ? command.name() : `${command.name()} ${only.name()}`
}
