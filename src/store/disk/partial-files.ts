import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartialFiles } from '../../ports/mirror.ts'
import { storeError } from '../failure/store-error.ts'

/** Bytes that are appended at once: what was not yet appended is fetched again after a kill. */
const PIECE = 1024 * 1024
/** pieces that are kept for the next download */
const KEPT = 4
const FAILED = 'an interrupted download could not be kept'

/** `<folder>/<sha256>`: bytes as they came, appended. What was lost with the machine's power shows in the digest. */
export async function createPartialFiles(folder: string): Promise<PartialFiles> {
  await keeping(() => mkdir(folder, { recursive: true }))
  const pieces: Buffer[] = []
  return {
    async open(sha256) {
      const file = await keeping(() => open(join(folder, sha256), 'a+', 0o600))
      let { size } = await keeping(() => file.stat())
      // of its own: whoever gave a chunk uses its memory again
      const piece = pieces.pop() ?? Buffer.allocUnsafeSlow(PIECE)
      let gathered = 0
      const flush = async (): Promise<void> => {
        const bytes = piece.subarray(0, gathered)
        gathered = 0
        if (bytes.byteLength > 0) await keeping(() => file.appendFile(bytes))
      }
      return {
        get size() {
          return size
        },
        async append(chunk) {
          for (let taken = 0; taken < chunk.byteLength; ) {
            const count = chunk.copy(piece, gathered, taken)
            gathered += count
            taken += count
            if (gathered === PIECE) await flush()
          }
          size += chunk.byteLength
        },
        async *read() {
          await flush()
          yield* file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 })
        },
        async clear() {
          gathered = 0
          await keeping(() => file.truncate(0))
          size = 0
        },
        async close() {
          try {
            await flush()
          } finally {
            await keeping(() => file.close())
            if (pieces.length < KEPT) pieces.push(piece)
          }
        },
      }
    },
    remove: sha256 => keeping(() => rm(join(folder, sha256), { force: true })),
    removeAll: () => keeping(() => rm(folder, { recursive: true, force: true })),
  }
}

async function keeping<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw storeError(FAILED, error)
  }
}
