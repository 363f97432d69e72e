import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import type { Config } from '../../config/schema.ts'
import { collect } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'

/** What the composition root gives to `serve`. */
export interface ServeServices extends Pick<Services, 'loadConfig'> {
  /** Throws `config-invalid` or `policy-invalid` when the gate cannot start. */
  startGate(config: Config): Promise<StartedGate>
}

/** A gate that listens. */
export interface StartedGate {
  /** What does not compile changes nothing, and is told in the log and on /readyz. */
  reload(): unknown
  /** Answers what is under way and lets go of everything. */
  close(): Promise<void>
}

/** What is under way is given this long after SIGTERM; then it is cut. */
const DRAIN_MS = 30_000

export function addServeCommand(program: Command, services: ServeServices, conclude: Conclude): void {
  program
    .command('serve')
    .description(
      'Runs the gate until SIGTERM or SIGINT, which let running downloads finish for up to 30 seconds. SIGHUP reads the policy ' +
        'again; changes of the policy files are noticed by themselves too. A policy that does not compile stops the start, and a ' +
        'reload that does not compile keeps the policy that is in force and says so in the log and on /readyz.',
    )
    .option('--listen <host:port>', 'address to listen on; port 0 picks a free one and logs it')
    .option('--policy <file>', 'a policy file or folder; may be given several times', collect)
    .option('--data <folder>', 'folder for the database, stored files and the trust root’s cache')
    .option('--offline', 'serve only what the mirror in the data folder holds; no upstream is asked')
    .addHelpText(
      'after',
      `
Everything else is configuration: see \`portcullis config show --origin\`.

Exit codes:
  0  ended by a signal, everything written
  2  the configuration or the policy is wrong; every diagnostic is printed
  3  internal error

Examples:
  portcullis serve
  portcullis serve --listen 127.0.0.1:0 --policy acme.yaml --data /var/lib/portcullis
  PORTCULLIS_UPSTREAM_INDEX=https://mirror.acme.example portcullis serve
  portcullis serve --offline --data /var/lib/portcullis`,
    )
    .action(async (_options, command: Command) => {
      const serving = await services.startGate((await services.loadConfig(command.optsWithGlobals())).config)
      process.on('SIGHUP', () => serving.reload())
      // errors nobody caught are for the process's own handler: a gate in an unknown state must not go on
      const skip = ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'uncaughtException', 'unhandledRejection', 'beforeExit'] as const
      const { close } = closeWithGrace({ delay: DRAIN_MS, logger: false, skip: [...skip, ...ENDING] }, () =>
        serving.close(),
      )
      endOnSignal(close)
      conclude(0)
    })
}

const ENDING = ['SIGINT', 'SIGTERM'] as const
/** One press of Ctrl-C under npm comes twice, from the terminal and from npm; a second one by hand takes longer. */
const SAME_PRESS_MS = 1_000

/** The first signal ends in good order; one that comes later ends at once, as if nobody listened. */
export function endOnSignal(close: () => unknown): void {
  let ending = false
  function end(): void {
    if (ending) return
    ending = true
    void close()
    setTimeout(() => {
      for (const signal of ENDING) process.removeListener(signal, end)
    }, SAME_PRESS_MS).unref()
  }
  for (const signal of ENDING) process.on(signal, end)
}
