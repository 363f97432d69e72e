import type { Output } from '../../src/cli/output.ts'
import { run } from '../../src/cli/program.ts'
import type { ExplainChanges, OpenExplain } from '../../src/cli/services.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { GateError } from '../../src/domain/errors.ts'
import { matchesName } from '../../src/domain/glob.ts'
import { type Clock, systemClock } from '../../src/domain/instant.ts'
import { createExplain } from '../../src/gate/explain.ts'
import { createPolicies } from '../../src/gate/policies.ts'
import type { Refusals } from '../../src/ports.ts'
import { createUpstreamAgent } from '../../src/upstream/agent.ts'
import { createIndex } from '../../src/upstream/pypi-index.ts'
import { createIntegrity } from '../../src/upstream/pypi-integrity.ts'
import { createInlineVerifier } from '../../src/verify/inline.ts'
import { createTrust } from '../../src/verify/trust.ts'

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
  readonly refusals?: Pick<Refusals, 'get'>
  /** called before the parts that could open a socket are made */
  readonly beforeOpen?: () => void
}

/** Runs one command in this process, with the real verifier and the real adapters, and nothing on disk. */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<Ended> {
  const { environment = {}, folder, clock = systemClock, refusals } = options
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
    loadConfig: flags =>
      loadConfig({
        flags,
        file: typeof flags['config'] === 'string' ? flags['config'] : undefined,
        environment,
        folder,
      }),
    openExplain(config, changes) {
      options.beforeOpen?.()
      return openExplain(config, changes, clock)
    },
    openRefusals: async () => (refusals === undefined ? undefined : { get: id => refusals.get(id), close() {} }),
    startGate: () => Promise.reject(new Error('no gate is started here')),
  })
  return { exit, out, err }
}

async function openExplain(config: Config, { trustRoot, at }: ExplainChanges, clock: Clock): Promise<OpenExplain> {
  const events = { emit() {} }
  const policies = createPolicies({ paths: config.policy, clock, events, pollMs: 0 })
  const trust = await createTrust({
    root: { file: trustRoot ?? config.trust.root },
    tufUrl: undefined,
    tufRoot: undefined,
    maxAge: config.trust.maxAge,
    folder: config.data,
    clock,
    events,
    environment: {},
    ca: undefined,
  }).catch((cause: unknown) => {
    if (cause instanceof GateError) throw new GateError('unknown-trust', cause.detail, { cause })
    throw cause
  })
  const { index, integrity, files, auth, timeout } = config.upstream
  const agent = createUpstreamAgent({
    upstreams: [index, integrity],
    files,
    ca: undefined,
    timeout,
    auth,
    environment: {},
    version: '0',
    events,
  })
  const explain = createExplain(
    {
      index: createIndex({ agent, index, files }),
      integrity: createIntegrity({ agent, integrity, index }),
      verifier: createInlineVerifier(),
      trust,
      policies,
      events,
      clock,
    },
    {
      at,
      maxSize: config.files.maxSize,
      isInternal: project => config.index.internal.some(glob => matchesName(glob, project)),
    },
  )
  return {
    ...explain,
    async close() {
      policies.close()
      await agent.close()
      await trust.close()
    },
  }
}
