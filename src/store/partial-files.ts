import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartialFiles } from '../ports.ts'
import { storeError } from './store-error.ts'

const FAILED = 'an interrupted download could not be kept'

/** `<folder>/<sha256>`: bytes as they came, appended. What was lost with the machine's power shows in the digest. */
export async function createPartialFiles(folder: string): Promise<PartialFiles> {
  await keeping(() => mkdir(folder, { recursive: true }))
  return {
    async open(sha256) {
      const file = await keeping(() => open(join(folder, sha256), 'a+', 0o600))
      let { size } = await keeping(() => file.stat())
      return {
        get size() {
          return size
        },
        async append(chunk) {
          await keeping(() => file.writeFile(chunk))
          size += chunk.byteLength
        },
        read: () => file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 }),
        async clear() {
          await keeping(() => file.truncate(0))
          size = 0
        },
        close: () => keeping(() => file.close()),
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
