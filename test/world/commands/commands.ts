import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../../../src/cli/program.ts'
import type { Output } from '../../../src/cli/terminal/output.ts'
import { keepTokens } from '../../../src/compose/access.ts'
import { openAuditRecords } from '../../../src/compose/audit/audit-log.ts'
import { commandDoer } from '../../../src/compose/audit/command-doer.ts'
import { hasDatabase, openExplain, openRecords } from '../../../src/compose/commands.ts'
import { openRemoteGate } from '../../../src/compose/console/remote.ts'
import { offerSignInLink } from '../../../src/compose/console/sign-in-link.ts'
import { keepSessions } from '../../../src/compose/console/standing-sessions.ts'
import { withdrawApproval } from '../../../src/compose/console/withdraw-approval.ts'
import { decideSourceIn } from '../../../src/compose/decided/decide-source.ts'
import { forgetRemembered } from '../../../src/compose/decided/forget.ts'
import { openMirror } from '../../../src/compose/mirror.ts'
import { keepNotices, testHooks } from '../../../src/compose/notices/notices-of-command.ts'
import { openReport } from '../../../src/compose/report.ts'
import { openRevision } from '../../../src/compose/revision.ts'
import { checkStore, migrateStore } from '../../../src/compose/shared/stores.ts'
import { openUsableTrust, readRoot } from '../../../src/compose/trust.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { type Clock, systemClock } from '../../../src/domain/base/instant.ts'
import type { Records } from '../../../src/ports/records.ts'

/** What a command left behind. */
export interface Ended {
  readonly exit: number
  readonly out: string
  readonly err: string
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** where relative paths and ./portcullis.yaml are looked for */
  readonly folder: string
  readonly clock?: Clock
  readonly output?: Partial<Omit<Output, 'out' | 'err'>>
  /** default: those of the configured data folder */
  readonly records?: Records
  /** called before the parts that could open a socket are made */
  readonly beforeOpen?: () => void
}

/** Runs one command in this process, with the real verifier and the real adapters. */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<Ended> {
  const { environment = {}, folder, clock = systemClock, records } = options
  let out = ''
  let err = ''
  const exit = await run(argv, {
    version: '0.0.0-test',
    environment,
    clock,
    output: {
      out: text => {
        out += text
      },
      err: text => {
        err += text
      },
      colour: { out: false, err: false },
      columns: undefined,
      progress: false,
      ...options.output,
    },
    loadConfig: async flags =>
      loadConfig({
        flags,
        file: typeof flags['config'] === 'string' ? flags['config'] : undefined,
        environment,
        folder,
      }),
    openReadRoot: async () => readRoot,
    openExplain(config, changes) {
      options.beforeOpen?.()
      // what commands remember stays with the test
      const cached = { XDG_CACHE_HOME: join(folder, 'cache'), ...environment }
      return openExplain(config, changes, { environment: cached, version: '0.0.0-test', events: { emit() {} }, clock })
    },
    openReport(config, changes) {
      const cached = { XDG_CACHE_HOME: join(folder, 'cache'), ...environment }
      return openReport(config, changes, { environment: cached, version: '0.0.0-test', events: { emit() {} }, clock })
    },
    openRevision: async name => openRevision(name),
    openRecords: async (config, index) => records ?? (await openRecords(config, index)),
    hasDatabase: async config => records !== undefined || (await hasDatabase(config)),
    keepTokens: (config, use) => keepTokens(config, use, { clock, environment }),
    keepNotices: (config, use) => keepNotices(config, use, { clock }),
    testHooks: (config, url) => testHooks(config, url, { clock, environment: {}, version: '0' }),
    forget: (config, order) => {
      const cached = { XDG_CACHE_HOME: join(folder, 'cache'), ...environment }
      return forgetRemembered(config, order, { environment: cached, clock })
    },
    decideSource: (config, order) => decideSourceIn(config, order, { clock, environment }),
    openAuditRecords: config => openAuditRecords(config),
    offerSignInLink: (config, order) =>
      offerSignInLink(config, order, { clock, doer: commandDoer(environment, undefined) }),
    keepSessions: (config, use) => keepSessions(config, use, { clock, environment }),
    withdrawApproval: (config, withdrawal) => withdrawApproval(config, withdrawal, { clock, environment }),
    openGate: async named => openRemoteGate(named, { environment, version: '0.0.0-test' }),
    migrateStore: (config, from) => migrateStore(config, from, { clock }),
    checkStore: config => checkStore(config),
    openMirror: (config, received) =>
      openMirror(config, { environment, version: '0.0.0-test', events: { emit() {} }, clock, received }),
    openTrust: (config, how) => openUsableTrust(config, { environment, events: { emit() {} }, clock, ...how }),
    startGate: () => Promise.reject(new Error('no gate is started here')),
  })
  return { exit, out, err }
}

/** Of the checkout, or what was installed somewhere: test/built runs such tests over again. */
export const PORTCULLIS =
  process.env['TESTED_PROGRAM'] ?? fileURLToPath(new URL('../../../bin/portcullis', import.meta.url))

export interface Where {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs the command as a shell would, in a process of its own. */
export function portcullis({ folder, environment = {} }: Where, ...argv: readonly string[]): Promise<Ended> {
  return ended(PORTCULLIS, argv, { folder, environment })
}

export function ended(file: string, argv: readonly string[], { folder, environment = {} }: Where): Promise<Ended> {
  const { PATH, HOME } = process.env
  return new Promise(resolve => {
    const options = { cwd: folder, env: { PATH, HOME, XDG_CACHE_HOME: folder, ...environment }, timeout: 300_000 }
    execFile(file, argv, options, (error, out, err) => {
      const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ exit, out, err })
    })
  })
}
