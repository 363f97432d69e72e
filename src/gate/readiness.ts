import { GateError } from '../domain/base/errors.ts'
import type { BucketState } from '../ports/among-gates.ts'
import type { Store } from '../ports/store.ts'
import type { Trust } from '../ports/trust.ts'
import type { Check } from './gate.ts'
import type { ClockGuard } from './judge/clock-guard.ts'
import type { Pep740Watch } from './judge/pep740-watch.ts'
import type { Policies } from './policy/policies.ts'

interface Options {
  readonly policies: Policies
  readonly trust: Trust
  readonly store: Pick<Store, 'probe' | 'shared'>
  readonly clock: ClockGuard
  readonly watch: Pep740Watch
  /** of the bucket that several gates share */
  readonly bucket?: (() => BucketState) | undefined
  /** what of the audit log is not written yet; `undefined`: nothing */
  readonly unaudited?: (() => string | undefined) | undefined
  /** what webhooks were not told for long; absent where there are none */
  readonly webhooks?: (() => string | undefined) | undefined
  readonly draining: () => boolean
}

/** What `/readyz` asks: each check says which it is, and what to do when it fails. */
export function createReadiness(options: Options): () => Promise<readonly Check[]> {
  const { policies, trust, store, clock, watch, bucket, unaudited = () => undefined, webhooks, draining } = options
  return async () => [
    policyCheck(policies),
    trustCheck(trust, clock),
    await databaseCheck(store),
    ...(bucket === undefined ? [] : [{ name: 'blobs', ...bucket() }]),
    await probe('clock', async () => clock.now(), 'not behind the newest recorded time'),
    upstreamCheck(watch),
    ...gatesCheck(store),
    ...approvalsCheck(policies),
    ...auditCheck(unaudited()),
    ...(webhooks === undefined ? [] : [webhooksCheck(webhooks())]),
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

/** While a shared one is away, what was admitted before goes on for a time. */
async function databaseCheck(store: Pick<Store, 'probe' | 'shared'>): Promise<Check> {
  const check = await probe('database', () => store.probe(), 'writable')
  const away = store.shared?.away?.()
  return away === undefined || !check.ok ? check : { ...check, warning: true, detail: away }
}

/** Where several gates share the store. */
function gatesCheck({ shared }: Pick<Store, 'shared'>): readonly Check[] {
  if (shared === undefined) return []
  const warnings = shared.warnings()
  if (warnings.length === 0) return [{ name: 'gates', ok: true, detail: 'they go by the same policy and trust root' }]
  return [{ name: 'gates', ok: true, warning: true, detail: warnings.join('; ') }]
}

/** What no approval lets through is served all the same. */
function approvalsCheck(policies: Policies): readonly Check[] {
  const failure = policies.unread?.()
  if (failure === undefined) return []
  const detail = `${failure.detail}: files that rest on an approval are not served`
  return [{ name: 'approvals', ok: true, warning: true, detail }]
}

/** Whoever asks for packages is served all the same. */
function auditCheck(warning: string | undefined): readonly Check[] {
  return warning === undefined ? [] : [{ name: 'audit-log', ok: true, warning: true, detail: warning }]
}

/** Whoever is not told is no reason to ask another gate. */
function webhooksCheck(warning: string | undefined): Check {
  if (warning === undefined) return { name: 'webhooks', ok: true, detail: 'nothing waits for long' }
  return { name: 'webhooks', ok: true, warning: true, detail: warning }
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
