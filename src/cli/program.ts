import { Command } from 'commander'
import { assertAsksGates } from './command/asked-gate.ts'
import { type AddCommand, addCommands, type CommandEntry, type IsMeant } from './command/entries.ts'
import { refuseNamesAsOptions } from './command/names-of-files.ts'
import { reportError } from './command/report-error.ts'
import type { Conclude, ExitCode, Services } from './command/services.ts'
import type { ServeServices } from './operate/serve.ts'
import { inertLines } from './terminal/screen.ts'

export type ProgramServices = Services & ServeServices

const COMMANDS: readonly CommandEntry<ProgramServices>[] = [
  { name: 'serve', summary: 'run the gate', load: async () => (await import('./operate/serve.ts')).addServeCommand },
  {
    name: 'verify',
    summary: 'judge a file on this machine, or every file of a release',
    load: async () => (await import('./judge/verify.ts')).addVerifyCommand,
  },
  {
    name: 'explain',
    summary: 'show every step of a verdict, and what would admit the file',
    load: async () => (await import('./judge/explain.ts')).addExplainCommand,
  },
  {
    name: 'audit',
    summary: 'judge every file of lock files',
    load: async () => (await import('./judge/audit.ts')).addAuditCommand,
  },
  {
    name: 'report',
    summary: 'tell who signed what lock files name, and what changed',
    load: async () => (await import('./judge/report.ts')).addReportCommand,
  },
  {
    name: 'lock',
    only: 'rewrite',
    summary: 'change lock files',
    load: async () => (await import('./lock/lock.ts')).addLockCommand,
  },
  {
    name: 'policy',
    summary: 'write, check, test and compare policies',
    load: async () => (await import('./policy/policy.ts')).addPolicyCommand,
  },
  {
    name: 'exemptions',
    only: 'expiring',
    summary: 'look at the exemptions of the policy',
    load: async () => (await import('./policy/exemptions.ts')).addExemptionsCommand,
  },
  { name: 'history', summary: 'look at what the gate has seen of a project, and let go of it', load: loadHistory },
  {
    name: 'revocations',
    only: 'show',
    summary: 'look at what the policy revokes, and who has it',
    load: async () => (await import('./policy/revocations.ts')).addRevocationsCommand,
  },
  {
    name: 'downloads',
    only: 'show',
    summary: 'look at who got what',
    load: async () => (await import('./access/downloads.ts')).addDownloadsCommand,
  },
  {
    name: 'token',
    summary: 'give out, list and revoke tokens of the gate',
    load: async () => (await import('./access/access.ts')).addTokenCommand,
  },
  {
    name: 'audit-log',
    summary: 'look at what people did to the gate, and whether that is as it was written',
    load: async () => (await import('./audit-log/audit-log.ts')).addAuditLogCommand,
  },
  {
    name: 'requests',
    summary: 'ask for a refused file, see what became of it, decide',
    load: async () => (await import('./requests/requests.ts')).addRequestsCommand,
  },
  {
    name: 'notify',
    summary: 'look at what webhooks were not told, tell them again, try them',
    load: async () => (await import('./notify/notify.ts')).addNotifyCommand,
  },
  {
    name: 'console',
    summary: 'sign in to the console with a link, see who is signed in, and end that',
    load: async () => (await import('./console/console.ts')).addConsoleCommand,
  },
  {
    name: 'mirror',
    summary: 'fill a mirror, carry it to a network without one, and prove there what was verified',
    load: async () => (await import('./mirror/mirror.ts')).addMirrorCommand,
  },
  {
    name: 'trust',
    summary: 'look at the Sigstore trust root in use, refresh it, write it out',
    load: async () => (await import('./operate/trust.ts')).addTrustCommand,
  },
  {
    name: 'store',
    summary: 'move to stores that several gates share, and check them',
    load: async () => (await import('./operate/store.ts')).addStoreCommand,
  },
  {
    name: 'config',
    only: 'show',
    summary: 'look at the configuration',
    load: async () => (await import('./operate/config.ts')).addConfigCommand,
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands in a shell',
    load: async () => (await import('./manual/completion.ts')).addCompletionCommand,
  },
]

async function loadHistory(): Promise<AddCommand<ProgramServices>> {
  const [{ addHistoryCommand }, { addHistoryForget }] = await Promise.all([
    import('./policy/history-show.ts'),
    import('./policy/history-forget.ts'),
  ])
  return (program, services, conclude) => {
    addHistoryCommand(program, services)
    addHistoryForget(program, services, conclude)
  }
}

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
    refuseNamesAsOptions(argv)
    const conclude: Conclude = code => {
      exit = code
    }
    // a completion is made of every command
    const isMeant = argv.includes('completion') ? () => true : (name: string) => argv.includes(name)
    const program = await createProgram(services, conclude, isMeant)
    await program.parseAsync(argv, { from: 'user' })
    return exit
  } catch (error) {
    return reportError(error, services)
  }
}

/** The commands that are meant, and the others by name: what they say of themselves needs no more of the services than an output. */
export async function createProgram(
  services: ProgramServices,
  conclude: Conclude,
  isMeant: IsMeant = () => true,
): Promise<Command> {
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
    .option('--gate <url>', 'ask the gate with this console, instead of a data folder')
    .option('--gate-token <file>', 'file with the token for it (else PORTCULLIS_GATE_TOKEN)')
    .option('--ca <file>', 'authorities (PEM) to trust for --gate besides the system’s')
    .hook('preAction', (_program, action) => assertAsksGates(action))
    .addHelpText('after', MORE)
    .showHelpAfterError('See portcullis --help, or portcullis <command> --help.')
  await addCommands(program, COMMANDS, { services, conclude, isMeant })
  return program
}

/** A group of one is shown as what one types: `policy check`. */
function termOf(command: Command): string {
  const [only, ...others] = command.commands
  return only === undefined || others.length > 0 ? command.name() : `${command.name()} ${only.name()}`
}
