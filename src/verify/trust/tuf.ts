import { setTimeout as delay } from 'node:timers/promises'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Trust, TrustMaterial, TrustStatus } from '../../ports/trust.ts'
import { printable } from '../../protocol/text/quote.ts'
import { type TrustRecord, TrustRecords } from './record.ts'
import { runRefresh } from './refresh.ts'
import type { RefreshAnswer } from './refresh-messages.ts'
import { readTrustedRoot } from './trusted-root.ts'

export interface TufTrustOptions {
  /** of the repository, without a slash at its end */
  readonly url: string
  /** what to call the repository before users */
  readonly called: string
  /** the root.json to begin with, and its file name; both `undefined`: the one shipped with the library */
  readonly rootJson: string | undefined
  readonly tufRoot: string | undefined
  readonly maxAge: Millis
  /** exists */
  readonly folder: string
  readonly clock: Clock
  readonly events: Events
  readonly proxies: Readonly<Record<string, string>>
  readonly ca: string | undefined
  readonly refreshEvery: Millis
  /** false: only what was kept is looked at, and nobody is asked */
  readonly refresh: boolean
}

/** A root, when it was refreshed by the wall clock, and since when by a clock that nobody can set. */
interface InForce {
  readonly material: TrustMaterial
  readonly refreshed: Instant
  readonly ageAtStart: number
  readonly startedMs: number
}

const TOLERANCE = millis(5 * 60_000)
const FIRST_RETRY = millis(60_000)
const LONGEST_RETRY = millis(15 * 60_000)
const JITTER = 0.1

/**
 * The trusted root of a TUF repository. What may follow what is TUF's to say (signatures, thresholds, versions, expiry); a
 * refresh that fails leaves in force what was in force, until it is older than `maxAge`.
 */
export async function createTufTrust(options: TufTrustOptions): Promise<Trust> {
  const trust = new TufTrust(options)
  await trust.load()
  if (options.refresh) trust.begin()
  return trust
}

class TufTrust implements Trust {
  readonly #options: TufTrustOptions
  readonly #records: TrustRecords
  readonly #closing = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #record: TrustRecord = { metadata: {}, inForce: undefined }
  #inForce: InForce | undefined
  #lastFailure: string | undefined
  #saidStale = false
  #refreshing: Promise<void> = Promise.resolve()

  constructor(options: TufTrustOptions) {
    this.#options = options
    // what was learned from one repository, or from one first root, is nothing under another
    const entered = options.rootJson === undefined ? 'shipped' : sha256Of(options.rootJson)
    this.#records = new TrustRecords(options.folder, `${options.url} ${entered}`)
  }

  fresh(now: Instant): TrustMaterial {
    const wrong = this.#whatIsWrong(now)
    if (this.#inForce === undefined || wrong !== undefined) throw new GateError('unknown-trust', wrong ?? '')
    return this.#inForce.material
  }

  digest(): string | undefined {
    return this.#inForce?.material.digest
  }

  status(now: Instant): TrustStatus {
    const wrong = this.#whatIsWrong(now)
    const inForce = this.#inForce
    return {
      source: 'tuf',
      digest: inForce?.material.digest,
      refreshed: inForce?.refreshed,
      ageMs: inForce === undefined ? undefined : millis(ageOf(inForce, now)),
      fresh: wrong === undefined,
      detail: wrong ?? `refreshed ${inForce === undefined ? '' : formatInstant(inForce.refreshed)}${this.#failing()}`,
    }
  }

  async settled(): Promise<void> {
    await this.#settled.promise
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#refreshing
  }

  // ---------------------------------------------------------------- what is in force

  async load(): Promise<void> {
    const record = await this.#records.read()
    if (record === 'absent') return
    try {
      if (record === 'unreadable') throw new Error('it is not what was written')
      const { inForce } = record
      const material = inForce === undefined ? undefined : readTrustedRoot(Buffer.from(inForce.target))
      this.#record = record
      if (inForce === undefined || material === undefined) return
      this.#adopt(material, inForce.refreshed)
      this.#emit('loaded', `as refreshed ${formatInstant(inForce.refreshed)}`)
    } catch (error) {
      this.#emit('failed', `the stored trust root counts as absent: ${messageOf(error)}`)
    }
  }

  /** In one assignment: whoever asks gets the one before or the one after. */
  #adopt(material: TrustMaterial, refreshed: Instant): void {
    const ageAtStart = Math.max(0, this.#options.clock() - refreshed)
    this.#inForce = { material, refreshed, ageAtStart, startedMs: performance.now() }
  }

  /** Why the root cannot be used, and what to do; `undefined` when it can. */
  #whatIsWrong(now: Instant): string | undefined {
    const { called, maxAge } = this.#options
    const remedy = `Allow the gate to reach ${called} (HTTPS_PROXY and upstream.ca are honoured), or pin a trusted_root.json with trust.root.`
    const inForce = this.#inForce
    if (inForce === undefined)
      return `There is no Sigstore trust root yet: it was never refreshed${this.#failing()}. ${remedy}`
    const refreshed = formatInstant(inForce.refreshed)
    if (inForce.refreshed - now > TOLERANCE)
      return this.#stale(
        `The clock says ${formatInstant(now)}, but the trust root was refreshed at ${refreshed}: set the clock right.`,
      )
    if (ageOf(inForce, now) > maxAge)
      return this.#stale(
        `The trust root is too old: its last refresh was at ${refreshed}, longer ago than trust.max_age (${maxAge / 3_600_000} h)${this.#failing()}. ${remedy}`,
      )
    this.#saidStale = false
    return undefined
  }

  #stale(detail: string): string {
    if (!this.#saidStale) this.#emit('stale', detail)
    this.#saidStale = true
    return detail
  }

  #failing(): string {
    return this.#lastFailure === undefined ? '' : `; the last attempt failed (${this.#lastFailure})`
  }

  // ---------------------------------------------------------------- refreshing

  begin(): void {
    this.#refreshing = this.#keepRefreshing()
  }

  /** Ends when the trust is closed, and never with an error. */
  async #keepRefreshing(): Promise<void> {
    const { refreshEvery } = this.#options
    let failures = 0
    while (!this.#closing.signal.aborted) {
      failures = (await this.#refresh()) ? 0 : failures + 1
      this.#settled.resolve()
      const retry = Math.min(refreshEvery, LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(failures - 1, 10))
      await this.#pause(failures === 0 ? refreshEvery : retry)
    }
    this.#settled.resolve()
  }

  /** Many gates that start together must not ask together for ever. */
  async #pause(length: number): Promise<void> {
    const jittered = length * (1 - JITTER + 2 * JITTER * Math.random())
    await delay(jittered, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined)
  }

  async #refresh(): Promise<boolean> {
    const { url, tufRoot, folder, proxies, ca, clock } = this.#options
    const { metadata } = this.#record
    // the root is as old as the question, not as the answer
    const asked = clock()
    const answer = await runRefresh({ url, rootFile: tufRoot, metadata, folder, proxies, ca }, this.#closing.signal)
    if (this.#closing.signal.aborted) return false
    return answer.kind === 'refreshed' ? await this.#succeed(answer, asked) : await this.#fail(answer)
  }

  async #succeed(answer: Extract<RefreshAnswer, { kind: 'refreshed' }>, asked: Instant): Promise<boolean> {
    const { metadata, target } = answer
    let material: TrustMaterial
    try {
      material = readTrustedRoot(Buffer.from(target))
    } catch (error) {
      const detail = `the repository’s trusted_root.json is not usable: ${messageOf(error)}`
      return await this.#fail({ kind: 'failed', reason: 'unusable trusted_root.json', detail, metadata })
    }
    const before = this.digest()
    this.#adopt(material, asked)
    this.#lastFailure = undefined
    await this.#keep({ metadata, inForce: { refreshed: asked, target } })
    this.#emit('refreshed', material.digest === before ? 'unchanged' : 'a new trust root is in force')
    return true
  }

  async #fail(answer: Extract<RefreshAnswer, { kind: 'failed' }>): Promise<boolean> {
    this.#lastFailure = printable(answer.reason)
    this.#emit('failed', printable(answer.detail))
    await this.#keep({ ...this.#record, metadata: answer.metadata })
    // says so once when that was the attempt that made the root too old
    this.#whatIsWrong(this.#options.clock())
    return false
  }

  async #keep(record: TrustRecord): Promise<void> {
    if (JSON.stringify(record) === JSON.stringify(this.#record)) return
    this.#record = record
    try {
      await this.#records.write(record)
    } catch (error) {
      this.#emit('failed', `the trust root cannot be kept in ${this.#options.folder}: ${messageOf(error)}`)
    }
  }

  #emit(action: 'loaded' | 'refreshed' | 'failed' | 'stale', detail: string): void {
    this.#options.events.emit({ type: 'trust', action, digest: this.digest(), detail })
  }
}

/** By whichever clock says that it is older: a wall clock can be set back, a steady one stands still in sleep. */
function ageOf({ refreshed, ageAtStart, startedMs }: InForce, now: Instant): number {
  return Math.max(now - refreshed, ageAtStart + (performance.now() - startedMs))
}

function messageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return printable(`${error instanceof Error ? error.message : String(error)}${cause}`)
}
