import { createHash } from 'node:crypto'
import { type BigIntStats, close, fchmod, fstat, fsync, type Mode, open, read, writev } from 'node:fs'
import { promisify } from 'node:util'
import { GateError } from '../../domain/base/errors.ts'
import { storeError } from '../failure/store-error.ts'

const openFile = promisify(open)
const statFile = promisify(fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>
const changeMode = promisify(fchmod)
const syncFile = promisify(fsync)
const writeBuffers = promisify(writev)

/**
 * A file descriptor that many share. It is closed when its owner has let go of it and the last holder too; reads under
 * way are holders. Otherwise its number could be given to another file in the middle of a read.
 */
export class Descriptor {
  readonly #fd: number
  #holders = 1
  #spoilt = false

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** Opens a file; the caller owns it and calls {@link Descriptor.release} once. Throws what the system says. */
  static async open(path: string, flags: number, mode?: Mode): Promise<Descriptor> {
    return new Descriptor(await openFile(path, flags, mode))
  }

  /** False when it is closed already. */
  hold(): boolean {
    if (this.#holders === 0) return false
    this.#holders += 1
    return true
  }

  get isSpoilt(): boolean {
    return this.#spoilt
  }

  /** The disk did not take what was written: it is not read any more, whatever the system still has of it. */
  spoil(): void {
    this.#spoilt = true
  }

  release(): void {
    this.#holders -= 1
    if (this.#holders === 0) close(this.#fd, () => {}) // nothing depends on it any more
  }

  /** Reads into the buffer at `position`; resolves to the count, 0 at the end. Throws `unknown-store`. */
  read(buffer: Buffer, position: number, length = buffer.byteLength): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#spoilt) return reject(new GateError('unknown-store', 'a stored file did not reach the disk'))
      if (!this.hold()) return reject(new GateError('unknown-store', 'a stored file was read after it was closed'))
      read(this.#fd, buffer, 0, length, position, (error, count) => {
        this.release()
        if (error === null) resolve(count)
        else reject(storeError('a stored file could not be read', error))
      })
    })
  }

  /** Writes everything at `position`. Throws what the system says. */
  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    let left = buffers
    for (let at = position; left.length > 0; ) {
      const { bytesWritten } = await writeBuffers(this.#fd, left, at)
      at += bytesWritten
      left = rest(left, bytesWritten)
    }
  }

  stat(): Promise<BigIntStats> {
    return statFile(this.#fd, { bigint: true })
  }

  /** Whatever the process's umask. Throws what the system says. */
  changeMode(mode: Mode): Promise<void> {
    return changeMode(this.#fd, mode)
  }

  sync(): Promise<void> {
    return syncFile(this.#fd)
  }
}

/** What is left of the buffers after so many bytes. */
function rest(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes
  for (const [index, buffer] of buffers.entries()) {
    if (skip < buffer.byteLength) return [buffer.subarray(skip), ...buffers.slice(index + 1)]
    skip -= buffer.byteLength
  }
  return []
}

const HASH_PIECE = 256 * 1024

/** sha256 of the whole file, in pieces between which others have their turn. Throws `unknown-store`. */
export async function hashOf(descriptor: Descriptor, pause?: (bytes: number) => Promise<void>): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafeSlow(HASH_PIECE)
  for (let position = 0; ; ) {
    const count = await descriptor.read(buffer, position)
    if (count === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, count))
    position += count
    await pause?.(count)
  }
}
