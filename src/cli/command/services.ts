import type { LoadedConfig } from '../../config/load.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import type { Clock, Instant } from '../../domain/base/instant.ts'
import type { LetGo } from '../../domain/memory/letting-go.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Builds } from '../../gate/builds/builds.ts'
import type { Explain } from '../../gate/explain/explain.ts'
import type { Mirror } from '../../gate/mirror/mirror.ts'
import type { LookAtReleases } from '../../gate/report/look.ts'
import type { Records } from '../../ports/records.ts'
import type { Trust } from '../../ports/trust.ts'
import type { ReadRoot } from '../../protocol/clauses/publisher.ts'
import type { Output } from '../terminal/output.ts'

/** What the composition root gives to commands. Commands know use cases of `gate/` and values, never an adapter. */
export interface Services {
  /** of the project, for `--version` */
  readonly version: string
  readonly environment: Environment
  readonly output: Output
  readonly clock: Clock
  /**
   * The merged configuration. `flags` are the options of the command line as commander has them: `config` is the file that
   * `--config` names, `policy` replaces the configured policy, and whatever is no setting is ignored. Throws `config-invalid` with every diagnostic, one a line.
   */
  loadConfig(flags: Readonly<Record<string, unknown>>): LoadedConfig
  /** Reads the trusted roots of a policy's `custom` publishers; loaded where a policy is. */
  openReadRoot(): Promise<ReadRoot>
  /**
   * Everything that `verify` and `explain` need, built without the data folder's database, and opening no socket before
   * something is asked that needs one. A trust root that was named (pinned in `trust.root`, or `changes.trustRoot`) and
   * cannot be used throws `unknown-trust`; a policy that does not compile throws `policy-invalid`.
   */
  openExplain(config: Config, changes: ExplainChanges): Promise<OpenExplain>
  /**
   * What a report looks with, for one command: no policy, and nothing of a gate's data folder. A trust root that was named and cannot
   * be used throws `unknown-trust`.
   */
  openReport(config: Config, changes: ReportChanges): Promise<OpenReport>
  /** What the gate has written into its data folder, read-only; `undefined` where there is no database. */
  openRecords(config: Config): Promise<Records | undefined>
  /**
   * Lets go of something that is remembered, in the data folder and in what commands keep themselves; a gate that runs takes notice
   * before it is done. False where there was nothing to let go of.
   */
  forget(config: Config, order: ForgetOrder): Promise<boolean>
  /**
   * The data folder of a mirror, for this command alone. `received` is told of bytes as they come from the upstream. Throws
   * `config-invalid` where a gate has the folder.
   */
  openMirror(config: Config, received: (bytes: number) => void): Promise<Mirror>
  /** The configured trust root; what TUF knows is in the data folder. Without `refresh` nobody is asked. */
  openTrust(config: Config, how: { readonly refresh: boolean }): Promise<Trust>
}

/** What somebody lets go of, and why. */
export interface ForgetOrder {
  readonly what: LetGo
  /** `undefined`: the clock, which is of no project */
  readonly project: ProjectName | undefined
  /** `undefined`: all files, or what is no matter of files */
  readonly filename: string | undefined
  /** whose word it was */
  readonly source: 'upstream' | 'held'
  readonly reason: string
}

/** What the command line changes for one run. */
export interface ExplainChanges {
  /** path of a trusted_root.json instead of the configured root, absolute */
  readonly trustRoot: string | undefined
  /** the moment at which exemptions are judged; default now */
  readonly at: Instant | undefined
  /** instead of the configured one */
  readonly policy?: Policy
}

/** What the command line changes of a report's configuration. */
export interface ReportChanges {
  /** path of a trusted_root.json instead of the configured root, absolute */
  readonly trustRoot: string | undefined
}

export interface OpenReport {
  readonly look: LookAtReleases
  close(): Promise<void>
}

export interface OpenExplain extends Explain {
  readonly builds: Builds
  close(): Promise<void>
}

/** Process exit codes: 0 done or admitted, 1 refused, 2 usage or configuration, 3 internal, 4 upstream, 5 trust. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5

/** How a command ends with another exit code than 0. Throwing a GateError ends it with that error's own. */
export type Conclude = (exit: ExitCode) => void
