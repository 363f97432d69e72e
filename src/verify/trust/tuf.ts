import { setTimeout as delay } from 'node:timers/promises'
import { sha256Of } from '../../domain/base/digest.ts'
import { type Clock, formatInstant, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Trust, TrustMaterial, TrustStatus } from '../../ports/trust.ts'
import { printable } from '../../protocol/text/quote.ts'
import { type TrustRecord, TrustRecords } from './record.ts'
import { runRefresh } from './refresh.ts'
import type { RefreshAnswer } from './refresh-messages.ts'
import { RootInForce } from './root-in-force.ts'
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
  readonly #inForce: RootInForce
  readonly #closing = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #record: TrustRecord = { metadata: {}, inForce: undefined }
  #refreshing: Promise<void> = Promise.resolve()

  constructor(options: TufTrustOptions) {
    this.#options = options
    this.#inForce = new RootInForce(options)
    // what was learned from one repository, or from one first root, is nothing under another
    const entered = options.rootJson === undefined ? 'shipped' : sha256Of(options.rootJson)
    this.#records = new TrustRecords(options.folder, `${options.url} ${entered}`)
  }

  fresh(now: Instant): TrustMaterial {
    return this.#inForce.fresh(now)
  }

  digest(): string | undefined {
    return this.#inForce.digest()
  }

  status(now: Instant): TrustStatus {
    return this.#inForce.status(now)
  }

  async settled(): Promise<void> {
    await this.#settled.promise
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#refreshing
  }

  async load(): Promise<void> {
    const record = await this.#records.read()
    if (record === 'absent') return
    try {
      if (record === 'unreadable') throw new Error('it is not what was written')
      const { inForce } = record
      const material = inForce === undefined ? undefined : readTrustedRoot(Buffer.from(inForce.target))
      this.#record = record
      if (inForce === undefined || material === undefined) return
      this.#inForce.adopt(material, inForce.refreshed)
      this.#inForce.emit('loaded', `as refreshed ${formatInstant(inForce.refreshed)}`)
    } catch (error) {
      this.#inForce.emit('failed', `the stored trust root counts as absent: ${messageOf(error)}`)
    }
  }

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
    this.#inForce.adopt(material, asked)
    await this.#keep({ metadata, inForce: { refreshed: asked, target } })
    this.#inForce.emit('refreshed', material.digest === before ? 'unchanged' : 'a new trust root is in force')
    return true
  }

  async #fail(answer: Extract<RefreshAnswer, { kind: 'failed' }>): Promise<boolean> {
    this.#inForce.fail(printable(answer.reason))
    this.#inForce.emit('failed', printable(answer.detail))
    await this.#keep({ ...this.#record, metadata: answer.metadata })
    // that may have been the attempt that made the root too old
    this.#inForce.check()
    return false
  }

  async #keep(record: TrustRecord): Promise<void> {
    if (JSON.stringify(record) === JSON.stringify(this.#record)) return
    this.#record = record
    try {
      await this.#records.write(record)
    } catch (error) {
      this.#inForce.emit('failed', `the trust root cannot be kept in ${this.#options.folder}: ${messageOf(error)}`)
    }
  }
}

function messageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return printable(`${error instanceof Error ? error.message : String(error)}${cause}`)
}
