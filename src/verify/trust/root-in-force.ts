import { GateError } from '../../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { TrustMaterial, TrustStatus } from '../../ports/trust.ts'

interface RootInForceOptions {
  /** what to call the repository before users */
  readonly called: string
  readonly maxAge: Millis
  readonly clock: Clock
  readonly events: Events
}

/** A root, when it was refreshed by the wall clock, and since when by a clock that nobody can set. */
interface Adopted {
  readonly material: TrustMaterial
  readonly refreshed: Instant
  readonly ageAtStart: number
  readonly startedMs: number
}

const TOLERANCE = millis(5 * 60_000)

/** The root that was refreshed last, for as long as its age lets it be used; says what happens to it. */
export class RootInForce {
  readonly #options: RootInForceOptions
  #adopted: Adopted | undefined
  #lastFailure: string | undefined
  #saidStale = false

  constructor(options: RootInForceOptions) {
    this.#options = options
  }

  digest(): string | undefined {
    return this.#adopted?.material.digest
  }

  /** Throws `unknown-trust` where there is none, or none that may be used. */
  fresh(now: Instant): TrustMaterial {
    const wrong = this.#whatIsWrong(now)
    if (this.#adopted === undefined || wrong !== undefined) throw new GateError('unknown-trust', wrong ?? '')
    return this.#adopted.material
  }

  status(now: Instant): TrustStatus {
    const wrong = this.#whatIsWrong(now)
    const adopted = this.#adopted
    return {
      source: 'tuf',
      digest: adopted?.material.digest,
      refreshed: adopted?.refreshed,
      ageMs: adopted === undefined ? undefined : millis(ageOf(adopted, now)),
      fresh: wrong === undefined,
      detail: wrong ?? `refreshed ${adopted === undefined ? '' : formatInstant(adopted.refreshed)}${this.#failing()}`,
    }
  }

  /** In one assignment: whoever asks gets the one before or the one after. */
  adopt(material: TrustMaterial, refreshed: Instant): void {
    const ageAtStart = Math.max(0, this.#options.clock() - refreshed)
    this.#adopted = { material, refreshed, ageAtStart, startedMs: performance.now() }
    this.#lastFailure = undefined
  }

  /** An attempt to refresh failed; what was in force stays. */
  fail(reason: string): void {
    this.#lastFailure = reason
  }

  /** Says so, once, when the root has become too old. */
  check(): void {
    this.#whatIsWrong(this.#options.clock())
  }

  emit(action: 'loaded' | 'refreshed' | 'failed' | 'stale', detail: string): void {
    this.#options.events.emit({ type: 'trust', action, digest: this.digest(), detail })
  }

  /** Why the root cannot be used, and what to do; `undefined` when it can. */
  #whatIsWrong(now: Instant): string | undefined {
    const { called, maxAge } = this.#options
    const remedy = `Allow the gate to reach ${called} (HTTPS_PROXY and upstream.ca are honoured), or pin a trusted_root.json with trust.root.`
    const adopted = this.#adopted
    if (adopted === undefined)
      return `There is no Sigstore trust root yet: it was never refreshed${this.#failing()}. ${remedy}`
    const refreshed = formatInstant(adopted.refreshed)
    if (adopted.refreshed - now > TOLERANCE)
      return this.#stale(
        `The clock says ${formatInstant(now)}, but the trust root was refreshed at ${refreshed}: set the clock right.`,
      )
    if (ageOf(adopted, now) > maxAge)
      return this.#stale(
        `The trust root is too old: its last refresh was at ${refreshed}, longer ago than trust.max_age (${maxAge / 3_600_000} h)${this.#failing()}. ${remedy}`,
      )
    this.#saidStale = false
    return undefined
  }

  #stale(detail: string): string {
    if (!this.#saidStale) this.emit('stale', detail)
    this.#saidStale = true
    return detail
  }

  #failing(): string {
    return this.#lastFailure === undefined ? '' : `; the last attempt failed (${this.#lastFailure})`
  }
}

/** By whichever clock says that it is older: a wall clock can be set back, a steady one stands still in sleep. */
function ageOf({ refreshed, ageAtStart, startedMs }: Adopted, now: Instant): number {
  return Math.max(now - refreshed, ageAtStart + (performance.now() - startedMs))
}
