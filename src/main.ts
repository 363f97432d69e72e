import { startApp } from './app.ts'
import { openExplain, openRefusals } from './app-commands.ts'
import { createOutput } from './cli/output.ts'
import { run } from './cli/program.ts'
import { reportError } from './cli/report-error.ts'
import { loadConfig } from './config/load.ts'
import { systemClock } from './domain/instant.ts'
import { createLog } from './observe/log.ts'
import { readVersion } from './version.ts'

// bin/node-version.cjs has turned an older Node away before this file, and with it SQLite's native code, was loaded

const environment = process.env
const version = readVersion()
const output = createOutput({ stdout: process.stdout, stderr: process.stderr }, environment)
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
    return loadConfig({ flags, file: typeof file === 'string' ? file : undefined, environment, folder: process.cwd() })
  },
  openExplain: (config, changes) => openExplain(config, changes, commandOptions),
  openRefusals,
  async startGate(config) {
    const log = createLog({ ...config.log, destination: 1 })
    process.on('exit', () => log.flush())
    return await startApp(config, { version, environment, readers: [log] })
  },
})
