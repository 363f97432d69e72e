import type { Sha256 } from '../base/digest.ts'
import type { Instant } from '../base/instant.ts'
import type { Finding } from '../identity/attestation.ts'

/** What a finding is about: these bytes under this name, and the trust roots under which it was made. */
export interface FindingKey {
  readonly sha256: Sha256
  readonly filename: string
  readonly trustDigest: string
}

export interface RememberedFinding {
  readonly finding: Exclude<Finding, { kind: 'unasked' }>
  readonly found: Instant
}

/** Reads what was kept; `undefined` where it cannot be read: then it is absent. */
type Kept = () => RememberedFinding | undefined

/**
 * What cryptography proved of a project's files. Never changed: with another finding it is another object. What is kept as
 * text is read when it is asked for, and once, so that equal questions get the same object.
 */
export class Findings {
  readonly #entries: Map<string, RememberedFinding | Kept>

  private constructor(entries: Map<string, RememberedFinding | Kept>) {
    this.#entries = entries
  }

  static readonly none = new Findings(new Map())

  static reading(kept: Iterable<readonly [FindingKey, Kept]>): Findings {
    return new Findings(new Map([...kept].map(([key, read]) => [nameOf(key), read])))
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: FindingKey): RememberedFinding | undefined {
    if (this.#entries.size === 0) return undefined
    const name = nameOf(key)
    const entry = this.#entries.get(name)
    if (typeof entry !== 'function') return entry
    const read = entry()
    if (read === undefined) this.#entries.delete(name)
    else this.#entries.set(name, read)
    return read
  }

  /** The latest finding under a key stays. */
  with(learned: readonly LearnedFinding[]): Findings {
    if (learned.length === 0) return this
    const entries = new Map(this.#entries)
    for (const { key, finding, found } of learned) entries.set(nameOf(key), { finding, found })
    return new Findings(entries)
  }
}

export interface LearnedFinding extends RememberedFinding {
  readonly key: FindingKey
}

function nameOf({ sha256, filename, trustDigest }: FindingKey): string {
  return `${sha256} ${filename} ${trustDigest}`
}
