import type { LoadedConfig } from '../../config/load.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import type { Sha256 } from '../../domain/base/digest.ts'
import type { Clock, Instant } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { LetGo } from '../../domain/memory/letting-go.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Builds } from '../../gate/builds/builds.ts'
import type { Explain } from '../../gate/explain/explain.ts'
import type { Mirror } from '../../gate/mirror/mirror.ts'
import type { LookAtReleases } from '../../gate/report/look.ts'
import type { AuditRecords } from '../../ports/console/audit-log.ts'
import type { NoticeKeeper } from '../../ports/console/notices.ts'
import type { RemoteGate } from '../../ports/console/remote-gate.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import type { Role, StandingSession } from '../../ports/console/sessions.ts'
import type { Records } from '../../ports/records.ts'
import type { Revision } from '../../ports/revision.ts'
import type { TokenKeeper } from '../../ports/tokens.ts'
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
  loadConfig(flags: Readonly<Record<string, unknown>>): Promise<LoadedConfig>
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
  /** Files as a revision of git has them. */
  openRevision(name: string): Promise<Revision>
  /** What the gate has written into its data folder, read-only; `undefined` where there is no database. */
  openRecords(config: Config, index?: string): Promise<Records | undefined>
  /**
   * Whether there is a database of a gate in the configured data folder, or one is named that gates share. Nothing is made, and no server
   * asked.
   */
  hasDatabase(config: Config): Promise<boolean>
  /**
   * Lets go of something that is remembered, in the data folder and in what commands keep themselves; a gate that runs takes notice
   * before it is done. `gate`: the gate remembered it, and its log has that it was let go of; `own`: commands of this user did, which is in
   * no log.
   */
  forget(config: Config, order: ForgetOrder): Promise<{ readonly gate: boolean; readonly own: boolean }>
  /** The tokens of the gate, beside one that runs or without. Throws `unknown-store`, and `config-invalid` for a folder that cannot be used. */
  keepTokens<Result>(config: Config, use: (tokens: ServiceTokens) => Result | Promise<Result>): Promise<Result>
  /**
   * A URL that signs in to the console once, within ten minutes, which stands in the audit log. Throws `config-invalid` where there is no
   * console, `unknown-store`.
   */
  offerSignInLink(config: Config, order: SignInLinkOrder): Promise<string>
  /** Who is signed in to the console, beside a gate that runs or without. Throws as `keepTokens` does. */
  keepSessions<Result>(config: Config, use: (sessions: ServiceSessions) => Promise<Result>): Promise<Result>
  /**
   * What people did, and what gates did that people answer for, read-only, while gates may be adding to it; `undefined` where there is no
   * database.
   */
  openAuditRecords(config: Config): Promise<(AuditRecords & { close(): Promise<void> }) | undefined>
  /** What webhooks were not told yet, beside a gate that runs or without. Throws as `keepTokens` does. */
  keepNotices<Result>(config: Config, use: (notices: NoticeKeeper) => Result | Promise<Result>): Promise<Result>
  /** Sends a message to every webhook, or to the one at `url`, and says what became of it. Throws `config-invalid`, `usage`. */
  testHooks(config: Config, url: string | undefined): Promise<readonly TestedHook[]>
  /**
   * Writes down whose a name is at an index from now on; a gate that runs goes by it within two seconds. Answers with whose it was. Throws
   * `usage` for an index or a source that there is not, and for a name that the configuration says is owned.
   */
  decideSource(
    config: Config,
    order: SourceOrder,
  ): Promise<{ readonly index: string; readonly was: string | undefined }>
  /** Ends an approval beside gates that run, which hear of it within two seconds. Throws `usage` where there is none, `unknown-store`. */
  withdrawApproval(
    config: Config,
    withdrawal: { readonly request: string; readonly reason: string },
  ): Promise<AccessRequest>
  /**
   * Brings what a data folder knows to the database that gates share, and its files to their bucket: of the two, what is configured.
   * Throws `config-invalid` where neither is, or no data folder, `unknown-store`.
   */
  migrateStore(
    config: Config,
    from: string,
  ): Promise<{ readonly rows: readonly MovedRows[] | undefined; readonly bytes: MigratedFiles | undefined }>
  /** What of it is not as it was written down: rows, a line each, and files. Throws likewise. */
  checkStore(
    config: Config,
  ): Promise<{ readonly rows: readonly string[] | undefined; readonly bytes: CheckedFiles | undefined }>
  /**
   * The data folder of a mirror, for this command alone. `received` is told of bytes as they come from the upstream. Throws
   * `config-invalid` where a gate has the folder.
   */
  openMirror(config: Config, received: (bytes: number) => void): Promise<Mirror>
  /** The configured trust root; what TUF knows is in the data folder. Without `refresh` nobody is asked. */
  openTrust(config: Config, how: { readonly refresh: boolean }): Promise<Trust>
  /** A gate that runs, asked through the API of its console. Throws `usage` for authorities that cannot be read. */
  openGate(named: GateNamed): Promise<RemoteGate>
}

/** Tokens for whoever runs a command; what is done stands in the audit log under the user of the shell, with why. */
export interface ServiceTokens extends Pick<TokenKeeper, 'list'> {
  create(
    token: Parameters<TokenKeeper['create']>[0],
    hash: Sha256,
    why: string | undefined,
  ): ReturnType<TokenKeeper['create']>
  revoke(name: string, at: Instant, why: string | undefined): ReturnType<TokenKeeper['revoke']>
}

/** Likewise, who is signed in to the console, and the end of that. */
export interface ServiceSessions {
  list(): Promise<readonly StandingSession[]>
  /** Answers with what was ended. Throws `usage` where nobody is signed in who is called so. */
  end(whose: string, why: string | undefined): Promise<readonly StandingSession[]>
}

/** Who is to be signed in. */
export interface SignInLinkOrder {
  readonly role: Role
  /** `undefined`: the user of the shell */
  readonly name: string | undefined
}

/** A gate that runs elsewhere. */
export interface GateNamed {
  /** of its console, an origin */
  readonly origin: string
  /** `undefined`: none is sent */
  readonly token: string | undefined
  /** PEM file of authorities to trust besides those of the system */
  readonly ca: string | undefined
}

/** How much of something there is in a data folder, and in the database: as much, or more. */
export interface MovedRows {
  readonly what: string
  readonly inFolder: number
  readonly inDatabase: number
}

export interface TestedHook {
  readonly host: string
  /** the `webhook-id` */
  readonly id: string
  /** `undefined`: there was no answer */
  readonly status: number | undefined
  /** `undefined`: it arrived */
  readonly wrong: string | undefined
  /** nothing in it is the secret, or is enough to be taken for what it signed */
  readonly sent: { readonly headers: Readonly<Record<string, string>>; readonly body: string }
  /** the first line of the answer's body; `undefined`: there was no answer */
  readonly line: string | undefined
}

/** Whose a name is to be, and why. */
export interface SourceOrder {
  readonly project: ProjectName
  readonly source: string
  /** default: the first */
  readonly index: string | undefined
  readonly reason: string
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
  /** the index whose answer is wanted; default: the first */
  readonly index?: string | undefined
  /** path of a trusted_root.json instead of the configured root, absolute */
  readonly trustRoot: string | undefined
  /** the moment at which exemptions are judged; default now */
  readonly at: Instant | undefined
  /** instead of the configured one */
  readonly policy?: Policy
  /** `nothing`: all that is looked at was brought along, and what is remembered stays as it is; default: what is found is remembered */
  readonly learns?: 'nothing' | undefined
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
  /** the name of the index that is asked */
  readonly index: string
  /** Whose a name is at the index, once it was asked about; `undefined` where no sources are named. */
  sourceOf(project: ProjectName): SourceName | undefined
  close(): Promise<void>
}

/** What of the files that gates share is not as it should be, by sha256. */
export interface CheckedFiles {
  /** how many were read */
  readonly checked: number
  readonly spoilt: readonly string[]
  readonly gone: readonly string[]
}

/** What became of the files of a data folder. */
export interface MigratedFiles {
  readonly found: number
  readonly brought: number
  readonly there: number
  /** those that the folder has other bytes of, or no longer, by sha256 */
  readonly wrong: readonly string[]
  readonly tooLarge: readonly string[]
}

/** Process exit codes: 0 done or admitted, 1 refused, 2 usage or configuration, 3 internal, 4 upstream, 5 trust. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5

/** How a command ends with another exit code than 0. Throwing a GateError ends it with that error's own. */
export type Conclude = (exit: ExitCode) => void
