import { GateError } from '../domain/base/errors.ts'
import type { Store } from '../ports/store.ts'
import type { Trust } from '../ports/trust.ts'
import type { Check } from './gate.ts'
import type { ClockGuard } from './judge/clock-guard.ts'
import type { Pep740Watch } from './judge/pep740-watch.ts'
import type { Policies } from './policy/policies.ts'

interface Options {
  readonly policies: Policies
  readonly trust: Trust
  readonly store: Pick<Store, 'probe'>
  readonly clock: ClockGuard
  readonly watch: Pep740Watch
  readonly draining: () => boolean
}

/** What `/readyz` asks: each check says which it is, and what to do when it fails. */
export function createReadiness(options: Options): () => Promise<readonly Check[]> {
  const { policies, trust, store, clock, watch, draining } = options
  return async () => [
    policyCheck(policies),
    trustCheck(trust, clock),
    await probe('database', () => store.probe(), 'writable'),
    await probe('clock', async () => clock.now(), 'not behind the newest recorded time'),
    upstreamCheck(watch),
    { name: 'draining', ok: !draining(), detail: draining() ? 'shutting down' : 'no' },
  ]
}

function policyCheck(policies: Policies): Check {
  const { digest } = policies.current()
  const failure = policies.lastError()
  if (failure === undefined) return { name: 'policy', ok: true, detail: `sha256 ${digest}` }
  return {
    name: 'policy',
    ok: true,
    warning: true,
    detail: `the last reload failed, sha256 ${digest} stays in force: ${withoutFolders(failure)}`,
  }
}

/** Anybody may ask: which file it is, but not where the server keeps it. */
function withoutFolders(diagnostics: string): string {
  return diagnostics.replace(/^\/\S*\/(?=[^/\s]+:)/gm, '')
}

function trustCheck(trust: Trust, clock: ClockGuard): Check {
  const status = trust.status(clock.read())
  return { name: 'trust-root', ok: status.fresh, detail: `${status.source}: ${status.detail}` }
}

function upstreamCheck(watch: Pep740Watch): Check {
  const notice = watch.notice()
  if (notice === undefined) return { name: 'upstream', ok: true, detail: 'no complaint' }
  return { name: 'upstream', ok: true, warning: true, detail: notice }
}

async function probe(name: string, ask: () => Promise<unknown>, fine: string): Promise<Check> {
  try {
    await ask()
    return { name, ok: true, detail: fine }
  } catch (error) {
    return { name, ok: false, detail: error instanceof GateError ? error.detail : 'failed' }
  }
}
