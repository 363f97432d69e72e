import { createHash } from 'node:crypto'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { BlobWriter } from '../../ports/blobs.ts'

/** Bytes up to which a document is small: what is larger becomes a file. */
export const SMALL = 64 * 1024

interface Options {
  readonly sha256: Sha256
  /** Takes a small one, whose bytes are right and its own. */
  readonly keep: (bytes: Buffer) => Promise<void>
  /** Where one goes that turns out to be large. */
  readonly large: () => Promise<BlobWriter>
}

/** Gathers a document in memory while it is small, and hands it on to another writer when it is not. */
export class DocumentWriter implements BlobWriter {
  readonly #options: Options
  /** as far as it is small */
  #gathered: Buffer[] = []
  #size = 0
  #large: BlobWriter | undefined
  #digest: Sha256 | undefined
  #ended = false

  constructor(options: Options) {
    this.#options = options
  }

  async write(chunk: Buffer): Promise<void> {
    this.#assertOpen()
    if (this.#large !== undefined) return await this.#large.write(chunk)
    if (this.#digest !== undefined) throw new GateError('unknown-store', 'this write has its digest')
    this.#gathered.push(chunk)
    this.#size += chunk.byteLength
    if (this.#size > SMALL) await this.#handOn()
  }

  async #handOn(): Promise<void> {
    const large = await this.#options.large()
    this.#large = large
    const chunks = this.#gathered
    this.#gathered = []
    for (const chunk of chunks) await large.write(chunk)
  }

  /** While it is small it is nowhere but in the chunks. */
  get written(): number {
    return this.#large?.written ?? 0
  }

  digest(): Sha256 {
    if (this.#large !== undefined) return this.#large.digest()
    this.#digest ??= digestOf(this.#gathered)
    return this.#digest
  }

  async commit(): Promise<void> {
    this.#assertOpen()
    if (this.#large !== undefined) return await this.#large.commit()
    this.#ended = true
    const { sha256, keep } = this.#options
    const found = this.digest()
    if (found !== sha256)
      throw new GateError('unknown-store', `the bytes to be stored have not the sha256 ${sha256}`, {
        untrusted: { sha256: found },
      })
    await keep(joined(this.#gathered, this.#size))
  }

  async abort(): Promise<void> {
    this.#ended = true
    this.#gathered = []
    await this.#large?.abort()
  }

  async read(buffer: Buffer, position: number, length: number): Promise<number> {
    if (this.#large !== undefined) return await this.#large.read(buffer, position, length)
    let skip = position
    for (const chunk of this.#gathered) {
      if (skip < chunk.byteLength) return chunk.copy(buffer, 0, skip, skip + length)
      skip -= chunk.byteLength
    }
    return 0
  }

  #assertOpen(): void {
    if (this.#ended) throw new GateError('unknown-store', 'this write has ended')
  }
}

function digestOf(chunks: readonly Buffer[]): Sha256 {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return sha256Of(only)
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex') as Sha256
}

/** Apart from whatever larger buffers the chunks are parts of, which would stay as long as it does. */
function joined(chunks: readonly Buffer[], size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const chunk of chunks) at += chunk.copy(bytes, at)
  return bytes
}
