import type { Socket } from 'node:net'

/** bytes that a connection reads into, and the most that one read brings */
const WINDOW = 64 * 1024
/** so many bytes at once may be of a large body: a record of TLS has 16 KiB */
const LARGE = 8 * 1024

/** bytes of bodies that were taken over, in memory of somebody's own, or that nobody wants */
let done = 0

/** Bytes of a body were looked at, and will not be again. */
export function noteDone(bytes: number): void {
  done += bytes
}

/** As `net.connect` and `tls.connect` take it. */
interface Landing {
  readonly buffer: () => Uint8Array
  readonly callback: (this: Socket, count: number, bytes: Uint8Array) => boolean
}

/**
 * Where connections read to, in place of a new buffer for every read. One memory is for all of them, out of which is copied; a connection on
 * which a large body flows has one of its own, which is read to again as soon as nobody looks at it. Its bytes are lent: the reader is woken at
 * once, and {@link noteDone} says how many of them he has taken over by the time he returns. What he leaves is copied; where anything else was
 * among them (a head, which is looked back at when it is complete, or the frame of a chunk), the memory is theirs, and not read to any more.
 */
export function createLanding(): Landing {
  const shared = Buffer.allocUnsafeSlow(WINDOW)
  const own = new WeakMap<Socket, Buffer>()
  let next: Buffer = shared

  function lend(socket: Socket, bytes: Buffer): boolean {
    done = 0
    socket.push(bytes)
    socket.emit('readable')
    const left: unknown = socket.readableLength > 0 ? socket.read() : null
    const leftBytes = Buffer.isBuffer(left) ? left.byteLength : 0
    if (Buffer.isBuffer(left)) socket.unshift(Buffer.from(left))
    if (done + leftBytes !== bytes.byteLength) own.delete(socket)
    return socket.readableLength < socket.readableHighWaterMark
  }

  function take(socket: Socket, bytes: Buffer): boolean {
    const its = own.get(socket)
    const isLarge = bytes.byteLength >= LARGE
    if (isLarge && its?.buffer === bytes.buffer && socket.readableLength === 0) return lend(socket, bytes)
    if (isLarge && its === undefined) own.set(socket, Buffer.allocUnsafeSlow(WINDOW))
    return socket.push(Buffer.from(bytes))
  }

  return {
    // asked for once by a new connection, and right after each call of the other
    buffer() {
      const given = next
      next = shared
      return given
    },
    callback(count, bytes) {
      const goesOn = take(this, Buffer.from(bytes.buffer, bytes.byteOffset, count))
      next = own.get(this) ?? shared
      return goesOn
    },
  }
}

/** bytes */
const PIECE = 256 * 1024
/** free pieces that are kept for the next body */
const KEPT = 16

/**
 * Memory for large bodies, used again and again: a new buffer for every read of a large file has the heap marked once for each file, which
 * was 40 % of what one took.
 */
export class BodyPieces {
  readonly #free: ArrayBuffer[] = []
  /** of pieces that are out: bytes that were handed out, or will be, and did not come back */
  readonly #out = new WeakMap<ArrayBufferLike, number>()

  take(): Buffer {
    const memory = this.#free.pop() ?? new ArrayBuffer(PIECE)
    this.#out.set(memory, PIECE)
    return Buffer.from(memory)
  }

  /** Nobody looks at these bytes any more. Those of another memory are nobody's concern here. */
  give({ buffer: memory, byteLength }: Buffer): void {
    const left = this.#out.get(memory)
    if (left === undefined || !(memory instanceof ArrayBuffer)) return
    if (left > byteLength) return void this.#out.set(memory, left - byteLength)
    this.#out.delete(memory)
    if (this.#free.length < KEPT) this.#free.push(memory)
  }
}
