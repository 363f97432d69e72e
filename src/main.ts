import { setFlagsFromString } from 'node:v8'
import { reportError } from './cli/command/report-error.ts'
import { run } from './cli/program.ts'
import { createOutput } from './cli/terminal/output.ts'
import { loadConfig } from './config/load.ts'
import { secretsOf } from './config/secrets.ts'
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
  loadConfig({ config: file, ...flags }) {
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
  async openRecords(config) {
    const { openRecords } = await import('./compose/commands.ts')
    return await openRecords(config)
  },
  async forget(config, order) {
    const { forgetRemembered } = await import('./compose/forget.ts')
    return await forgetRemembered(config, order, commandOptions)
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
