import { setFlagsFromString } from 'node:v8'
import { reportError } from './cli/command/report-error.ts'
import { run } from './cli/program.ts'
import { createOutput } from './cli/terminal/output.ts'
import { systemClock } from './domain/base/instant.ts'
import { Secrets } from './domain/base/secrets.ts'
import { readVersion } from './version.ts'

// What a command needs is loaded when it runs: `--version` waits for no TLS library, and the gate carries no command's code.
// bin/node-version.cjs has turned an older Node away before this file, and with it SQLite's native code, was loaded

const environment = process.env
const version = readVersion()
/** known as soon as a configuration is loaded */
const secrets = new Secrets()
const output = createOutput({ stdout: process.stdout, stderr: process.stderr }, environment, secrets.clean)
const commandOptions = { environment, version, clock: systemClock, events: { emit: () => {} } }

function fail(error: unknown): never {
  process.exit(reportError(error, { output, environment }))
}

/** A gate in an unknown state must not go on; whoever watches over it starts a new one. */
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)

process.exitCode = await run(process.argv.slice(2), {
  version,
  environment,
  output,
  clock: systemClock,
  async loadConfig({ config: file, ...flags }) {
    const [{ loadConfig }, { secretsOf }] = await Promise.all([
      import('./config/load.ts'),
      import('./config/secrets.ts'),
    ])
    const given = typeof file === 'string' ? file : undefined
    const loaded = loadConfig({ flags, file: given, environment, folder: process.cwd() })
    secrets.add(secretsOf(loaded.config, environment))
    return loaded
  },
  async openReadRoot() {
    const { readRoot } = await import('./compose/trust.ts')
    return readRoot
  },
  async openExplain(config, changes) {
    // whoever looks at a whole lock leaves much behind: collected sooner, a command stays some fifty MiB smaller
    setFlagsFromString('--heap-growing-percent=20')
    const { openExplain } = await import('./compose/commands.ts')
    return await openExplain(config, changes, commandOptions)
  },
  async openReport(config, changes) {
    const { openReport } = await import('./compose/report.ts')
    return await openReport(config, changes, commandOptions)
  },
  async openRevision(name) {
    const { openRevision } = await import('./compose/revision.ts')
    return openRevision(name)
  },
  async openRecords(config, index) {
    const { openRecords } = await import('./compose/commands.ts')
    return await openRecords(config, index)
  },
  async hasDatabase(config) {
    const { hasDatabase } = await import('./compose/commands.ts')
    return await hasDatabase(config)
  },
  async forget(config, order) {
    const { forgetRemembered } = await import('./compose/decided/forget.ts')
    return await forgetRemembered(config, order, commandOptions)
  },
  async decideSource(config, order) {
    const { decideSourceIn } = await import('./compose/decided/decide-source.ts')
    return await decideSourceIn(config, order, commandOptions)
  },
  async keepTokens(config, use) {
    const { keepTokens } = await import('./compose/access.ts')
    return await keepTokens(config, use, commandOptions)
  },
  async openAuditRecords(config) {
    const { openAuditRecords } = await import('./compose/audit/audit-log.ts')
    return await openAuditRecords(config)
  },
  async keepNotices(config, use) {
    const { keepNotices } = await import('./compose/notices/notices-of-command.ts')
    return await keepNotices(config, use, commandOptions)
  },
  async testHooks(config, url) {
    const { testHooks } = await import('./compose/notices/notices-of-command.ts')
    return await testHooks(config, url, commandOptions)
  },
  async offerSignInLink(config, order) {
    const [{ offerSignInLink }, { commandDoer }] = await Promise.all([
      import('./compose/console/sign-in-link.ts'),
      import('./compose/audit/command-doer.ts'),
    ])
    return await offerSignInLink(config, order, { ...commandOptions, doer: commandDoer(environment, undefined) })
  },
  async keepSessions(config, use) {
    const { keepSessions } = await import('./compose/console/standing-sessions.ts')
    return await keepSessions(config, use, commandOptions)
  },
  async withdrawApproval(config, withdrawal) {
    const { withdrawApproval } = await import('./compose/console/withdraw-approval.ts')
    return await withdrawApproval(config, withdrawal, commandOptions)
  },
  async openGate(named) {
    const { openRemoteGate } = await import('./compose/console/remote.ts')
    return openRemoteGate(named, commandOptions)
  },
  async migrateStore(config, from) {
    const { migrateStore } = await import('./compose/shared/stores.ts')
    return await migrateStore(config, from, commandOptions)
  },
  async checkStore(config) {
    const { checkStore } = await import('./compose/shared/stores.ts')
    return await checkStore(config)
  },
  async openMirror(config, received) {
    const { openMirror } = await import('./compose/mirror.ts')
    return await openMirror(config, { ...commandOptions, received })
  },
  async openTrust(config, how) {
    const { openUsableTrust } = await import('./compose/trust.ts')
    return await openUsableTrust(config, { ...commandOptions, ...how })
  },
  async startGate(config) {
    const [{ startApp }, { createLog }] = await Promise.all([import('./compose/app.ts'), import('./observe/log.ts')])
    const log = createLog({ ...config.log, destination: 1, clean: secrets.clean })
    process.on('exit', () => log.flush())
    return await startApp(config, { version, environment, readers: [log] })
  },
})
